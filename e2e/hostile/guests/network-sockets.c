#include "guest.h"

/* Socket calls on what is no socket. */
GUEST {
  iovec one = {P(stat_of), 1};
  refused(sock_accept(0, 0, P(&opened)));
  refused(sock_accept(ROOT, 0, P(&opened)));
  want(sock_accept(77, 0, P(&opened)), BADF);
  refused(sock_recv(0, P(&one), 1, 0, P(&count), P(&opened)));
  want(sock_recv(0xffffffffu, P(&one), 1, 0, P(&count), P(&opened)), BADF);
  refused(sock_send(1, P(&one), 1, 0, P(&count)));
  refused(sock_shutdown(1, 3));
  want(sock_shutdown(77, 3), BADF);
}
