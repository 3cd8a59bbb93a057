#include "../guest.h"

FILES {
  holds(T("dirlink/inner"), "inner");
}
