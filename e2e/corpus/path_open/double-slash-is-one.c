#include "../guest.h"

FILES {
  holds(T("dir//inner"), "inner");
}
