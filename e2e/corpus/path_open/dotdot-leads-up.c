#include "../guest.h"

FILES {
  holds(T("dir/../file"), "hello");
}
