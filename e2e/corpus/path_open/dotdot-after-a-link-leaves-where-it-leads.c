#include "../guest.h"

FILES {
  holds(T("dirlink/../file"), "hello");
}
