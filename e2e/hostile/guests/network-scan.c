#include "guest.h"

/* Sockets as WasmEdge has them: to the host, to neighbours, to the address where clouds keep credentials. */
WASI(sock_open) u32 sock_open(u32 family, u32 type, u32 result);
WASI(sock_connect) u32 sock_connect(u32 fd, u32 address, u32 port);
WASI(sock_bind) u32 sock_bind(u32 fd, u32 address, u32 port);

GUEST {
  static u8 octets[4][4] = {{127, 0, 0, 1}, {169, 254, 169, 254}, {172, 17, 0, 1}, {10, 0, 0, 1}};
  static struct { u32 at, length; } address;
  refused(sock_open(1, 2, P(&opened)));
  refused(sock_open(0xffffffffu, 0xffffffffu, 0xffffffffu));
  for (u32 i = 0; i < 4; i++) {
    address.at = P(octets[i]), address.length = 4;
    for (u32 fd = 0; fd < 8; fd++)
      for (u32 port = 20; port < 100; port += 20) refused(sock_connect(fd, P(&address), port));
    refused(sock_bind(1, P(&address), 80));
  }
}
