// An HTTP/1.1 server for a folder and a guest book: web [-l] [FOLDER]
//
// It listens to the sockets that it was given (LISTEN_FDS, from descriptor 3 on: one for each published port), serves
// the files below FOLDER (/srv unless another is named) and, at /guestbook, a form. With -l it logs each request.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  first_listener = 3,
  listeners_max = 16,
  connections_max = 512,
  request_bytes_max = 16 * 1024, // headers and body together
  response_bytes = 16 * 1024,
  idle_s_max = 30,
  entries_max = 20,
  name_bytes_max = 40,
  text_bytes_max = 200,
};

struct connection {
  int fd; // -1 for a free place
  time_t last_used;
  char in[request_bytes_max + 1];
  size_t in_length;
  char out[response_bytes];
  size_t out_length, out_sent;
  int file; // what is still to be sent of it, -1 for none
  off_t file_left;
  bool close_after;
  bool continued; // the client was asked for its body
  bool draining; // answered early: what still comes is thrown away, so that the answer is not lost
};

struct request {
  char *method, *path, *query;
  char *body;
  size_t body_length;
  bool keep_alive;
};

struct entry {
  char name[name_bytes_max + 1], text[text_bytes_max + 1];
};

static struct connection *connections[connections_max];
static size_t connection_count;
static struct entry entries[entries_max];
static size_t entry_count;
static const char *folder = "/srv";
static bool logs;

// ---- answers --------------------------------------------------------------------------------------------------------

static const char *reason(int status) {
  switch (status) {
  case 200: return "OK";
  case 301: return "Moved Permanently";
  case 303: return "See Other";
  case 400: return "Bad Request";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 413: return "Content Too Large";
  case 415: return "Unsupported Media Type";
  case 431: return "Request Header Fields Too Large";
  case 501: return "Not Implemented";
  case 505: return "HTTP Version Not Supported";
  default: return "Internal Server Error";
  }
}

// Puts text behind what is to be sent; gives false, and changes nothing, when there is no room for it.
__attribute__((format(printf, 2, 3))) static bool put(struct connection *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  size_t room = sizeof to->out - to->out_length;
  int length = vsnprintf(to->out + to->out_length, room, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= room) return false;
  to->out_length += (size_t)length;
  return true;
}

static void put_head(struct connection *to, const struct request *request, int status, const char *type,
                     long long length, const char *more) {
  if (!request->keep_alive) to->close_after = true;
  put(to, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n%s%s\r\n", status, reason(status), type, length,
      more, to->close_after ? "Connection: close\r\n" : "");
  if (logs) {
    printf("%s %s %d %lld\n", request->method, request->path, status, length);
    fflush(stdout);
  }
}

static bool is_head(const struct request *request) { return strcmp(request->method, "HEAD") == 0; }

static void answer(struct connection *to, const struct request *request, int status, const char *type,
                   const char *more, const char *body) {
  put_head(to, request, status, type, (long long)strlen(body), more);
  if (!is_head(request)) put(to, "%s", body);
}

static void answer_status(struct connection *to, const struct request *request, int status, const char *more) {
  char body[256];
  snprintf(body, sizeof body, "<!doctype html><title>%d</title><h1>%d %s</h1>\n", status, status, reason(status));
  answer(to, request, status, "text/html; charset=utf-8", more, body);
}

// ---- files ----------------------------------------------------------------------------------------------------------

static const char *type_of(const char *path) {
  static const char *const types[][2] = {
      {"html", "text/html; charset=utf-8"},  {"htm", "text/html; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},    {"js", "text/javascript; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"}, {"json", "application/json"},
      {"txt", "text/plain; charset=utf-8"},  {"md", "text/markdown; charset=utf-8"},
      {"xml", "application/xml"},            {"svg", "image/svg+xml"},
      {"png", "image/png"},                  {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},                {"gif", "image/gif"},
      {"webp", "image/webp"},                {"avif", "image/avif"},
      {"ico", "image/x-icon"},               {"woff2", "font/woff2"},
      {"pdf", "application/pdf"},            {"wasm", "application/wasm"},
  };
  const char *dot = strrchr(path, '.');
  if (dot != NULL && strchr(dot, '/') == NULL)
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
      if (strcasecmp(dot + 1, types[i][0]) == 0) return types[i][1];
  return "application/octet-stream";
}

// Whether a path that was decoded goes up somewhere.
static bool goes_up(const char *path) {
  for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
    if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/')) return true;
  return false;
}

// A folder's page is asked for with a slash at the end: its links need it.
static void redirect(struct connection *to, const struct request *request) {
  static const char plain[] = "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  char more[1024];
  int length = snprintf(more, sizeof more, "Location: %s/\r\n", request->path);
  // Only plain characters go into a header, and two slashes would lead to another server.
  bool fits = length > 0 && (size_t)length < sizeof more && request->path[1] != '/' &&
              request->path[strspn(request->path, plain)] == '\0';
  answer_status(to, request, fits ? 301 : 404, fits ? more : "");
}

static void serve_file(struct connection *to, const struct request *request) {
  if (strcmp(request->method, "GET") != 0 && !is_head(request)) {
    answer_status(to, request, 405, "Allow: GET, HEAD\r\n");
    return;
  }
  char path[PATH_MAX];
  bool ends_in_slash = request->path[strlen(request->path) - 1] == '/';
  int length = snprintf(path, sizeof path, "%s%s%s", folder, request->path, ends_in_slash ? "index.html" : "");
  if (length < 0 || (size_t)length >= sizeof path || goes_up(request->path)) {
    answer_status(to, request, 404, "");
    return;
  }
  int fd = open(path, O_RDONLY);
  struct stat found;
  if (fd < 0 || fstat(fd, &found) != 0) {
    int status = errno == EACCES || errno == EPERM ? 403 : 404;
    if (fd >= 0) close(fd);
    answer_status(to, request, status, "");
    return;
  }
  if (S_ISREG(found.st_mode)) {
    put_head(to, request, 200, type_of(path), (long long)found.st_size, "");
    if (!is_head(request) && found.st_size > 0) {
      to->file = fd;
      to->file_left = found.st_size;
      return;
    }
  } else if (S_ISDIR(found.st_mode) && !ends_in_slash) redirect(to, request);
  else answer_status(to, request, S_ISDIR(found.st_mode) ? 404 : 403, "");
  close(fd);
}

// ---- the guest book -------------------------------------------------------------------------------------------------

static int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Decodes %XX in place, and + as a blank in a form; gives false for what is no encoding, for a NUL, and elsewhere than in
// a form for other control characters.
static bool decode(char *text, bool is_form) {
  char *to = text;
  for (char *from = text; *from != '\0'; from++, to++) {
    if (*from == '%') {
      int high = hex(from[1]);
      int low = high < 0 ? -1 : hex(from[2]);
      if (low < 0 || (high == 0 && low == 0)) return false;
      *to = (char)(high * 16 + low);
      from += 2;
    } else *to = is_form && *from == '+' ? ' ' : *from;
    if (!is_form && (unsigned char)*to < ' ') return false;
  }
  *to = '\0';
  return true;
}

// The field of a form whose body is changed by it; NULL when it is not there.
static bool take_field(char *body, const char *name, char *into, size_t room) {
  size_t length = strlen(name);
  for (char *field = body; field != NULL;) {
    char *end = strchr(field, '&');
    size_t whole = end == NULL ? strlen(field) : (size_t)(end - field);
    if (whole > length && strncmp(field, name, length) == 0 && field[length] == '=') {
      size_t value_length = whole - length - 1;
      char value[request_bytes_max + 1];
      memcpy(value, field + length + 1, value_length);
      value[value_length] = '\0';
      if (!decode(value, true)) return false;
      size_t kept = strlen(value) < room - 1 ? strlen(value) : room - 1;
      // A character of UTF-8 is not cut in two.
      while (kept > 0 && kept < strlen(value) && ((unsigned char)value[kept] & 0xc0) == 0x80) kept--;
      memcpy(into, value, kept);
      into[kept] = '\0';
      return true;
    }
    field = end == NULL ? NULL : end + 1;
  }
  return false;
}

// Appends `text` to `page` with what HTML would take for its own replaced.
static void append_escaped(char *page, size_t room, const char *text) {
  size_t at = strlen(page);
  for (; *text != '\0'; text++) {
    char plain[2] = {*text, '\0'};
    const char *shown = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : plain;
    size_t length = strlen(shown);
    if (at + length >= room) return;
    memcpy(page + at, shown, length + 1);
    at += length;
  }
}

static void show_guestbook(struct connection *to, const struct request *request) {
  // One entry is at most 6 times as long when it is escaped; those that do not fit are left out.
  static char page[12 * 1024];
  strcpy(page, "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
               "<title>Guest book</title><link rel=stylesheet href=/style.css><main><h1>Guest book</h1>"
               "<form method=post><label>Name <input name=name required maxlength=40></label>"
               "<label>Text <input name=text required maxlength=200></label><button>Sign</button></form><ul>");
  for (size_t i = entry_count; i > 0; i--) {
    const struct entry *entry = &entries[i - 1];
    size_t before = strlen(page);
    if (before + 6 * (name_bytes_max + text_bytes_max) + 64 > sizeof page) break;
    strcat(page, "<li><b>");
    append_escaped(page, sizeof page, entry->name);
    strcat(page, "</b> ");
    append_escaped(page, sizeof page, entry->text);
    strcat(page, "</li>");
  }
  strcat(page, "</ul><p><a href=/>Back</a></main>\n");
  answer(to, request, 200, "text/html; charset=utf-8", "Cache-Control: no-store\r\n", page);
}

static void serve_guestbook(struct connection *to, struct request *request, const char *type) {
  if (strcmp(request->method, "GET") == 0 || is_head(request)) show_guestbook(to, request);
  else if (strcmp(request->method, "POST") != 0) answer_status(to, request, 405, "Allow: GET, HEAD, POST\r\n");
  else if (strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) answer_status(to, request, 415, "");
  else {
    struct entry entry;
    if (!take_field(request->body, "name", entry.name, sizeof entry.name) ||
        !take_field(request->body, "text", entry.text, sizeof entry.text) || entry.name[0] == '\0' ||
        entry.text[0] == '\0') {
      answer_status(to, request, 400, "");
      return;
    }
    if (entry_count == entries_max) memmove(entries, entries + 1, sizeof entries - sizeof *entries);
    else entry_count++;
    entries[entry_count - 1] = entry;
    answer(to, request, 303, "text/plain", "Location: /guestbook\r\n", "");
  }
}

// ---- requests -------------------------------------------------------------------------------------------------------

static void refuse(struct connection *connection, int status) {
  struct request none = {.method = "-", .path = "-", .keep_alive = false};
  answer_status(connection, &none, status, "");
  connection->draining = true;
  connection->in_length = 0;
}

static void trim(char *text) {
  size_t length = strlen(text);
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) text[--length] = '\0';
}

// Whether a list in a header names `word`.
static bool names(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; *at != '\0';) {
    at += strspn(at, " \t,");
    size_t each = strcspn(at, " \t,");
    if (each == length && strncasecmp(at, word, length) == 0) return true;
    at += each;
  }
  return false;
}

static void handle(struct connection *connection, struct request *request, const char *type) {
  char *query = strchr(request->path, '?');
  if (query != NULL) *query = '\0';
  if (request->path[0] != '/' || !decode(request->path, false)) answer_status(connection, request, 400, "");
  else if (strcmp(request->path, "/guestbook") == 0) serve_guestbook(connection, request, type);
  else serve_file(connection, request);
}

// Answers the first whole request of what was received; gives false when there is none yet, or never will be.
static bool take_request(struct connection *connection) {
  char *in = connection->in;
  in[connection->in_length] = '\0';
  // Empty lines before a request are allowed.
  size_t start = strspn(in, "\r\n");
  char *head_end = strstr(in + start, "\r\n\r\n");
  if (head_end == NULL) {
    if (strlen(in) != connection->in_length) refuse(connection, 400);
    else if (connection->in_length == request_bytes_max) refuse(connection, 431);
    return false;
  }
  // The lines are taken apart only when the whole request is there: until then they are looked at, and left.
  size_t head_length = (size_t)(head_end - in) + 4;
  char *length_at = NULL;
  for (char *line = in + start; line < head_end; line = strstr(line, "\r\n") + 2) {
    if (strncasecmp(line, "Content-Length:", 15) == 0) {
      if (length_at != NULL) {
        refuse(connection, 400);
        return false;
      }
      length_at = line + 15;
    } else if (strncasecmp(line, "Transfer-Encoding:", 18) == 0) {
      refuse(connection, 501);
      return false;
    }
  }
  size_t body_length = 0;
  if (length_at != NULL) {
    length_at += strspn(length_at, " \t");
    size_t digits = strspn(length_at, "0123456789");
    if (digits == 0 || length_at[digits + strspn(length_at + digits, " \t")] != '\r') {
      refuse(connection, 400);
      return false;
    }
    body_length = digits > 9 ? SIZE_MAX : (size_t)strtoul(length_at, NULL, 10);
    if (body_length > request_bytes_max - head_length) {
      refuse(connection, 413);
      return false;
    }
  }
  if (connection->in_length - head_length < body_length) {
    // A client such as curl waits to be asked for a body.
    if (!connection->continued && strcasestr(in + start, "\r\nExpect: 100-continue\r\n") != NULL) {
      connection->continued = true;
      put(connection, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    return false;
  }

  connection->continued = false;
  struct request request = {.body = in + head_length, .body_length = body_length};
  char after_body = request.body[body_length];
  request.body[body_length] = '\0';
  head_end[2] = '\0';
  char *line = in + start;
  char *next = strstr(line, "\r\n");
  *next = '\0';
  request.method = line;
  char *space = strchr(line, ' ');
  char *last = strrchr(line, ' ');
  bool whole = space != NULL && last != space && space != line && strchr(space + 1, ' ') == last;
  if (!whole || strncmp(last + 1, "HTTP/", 5) != 0) {
    refuse(connection, 400);
    return false;
  }
  if (strncmp(last + 1, "HTTP/1.", 7) != 0) {
    refuse(connection, 505);
    return false;
  }
  *space = *last = '\0';
  request.path = space + 1;
  request.keep_alive = strcmp(last + 1, "HTTP/1.0") != 0;
  const char *type = "";
  for (line = next + 2; *line != '\0'; line = next + 2) {
    next = strstr(line, "\r\n");
    *next = '\0';
    char *colon = strchr(line, ':');
    if (colon == NULL || strcspn(line, " \t:") != (size_t)(colon - line) || colon == line) {
      refuse(connection, 400);
      return false;
    }
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    trim(value);
    if (strcasecmp(line, "Connection") == 0) {
      if (names(value, "close")) request.keep_alive = false;
      else if (names(value, "keep-alive")) request.keep_alive = true;
    } else if (strcasecmp(line, "Content-Type") == 0) type = value;
  }
  handle(connection, &request, type);
  request.body[body_length] = after_body;
  size_t taken = head_length + body_length;
  connection->in_length -= taken;
  memmove(in, in + taken, connection->in_length);
  return true;
}

// ---- connections ----------------------------------------------------------------------------------------------------

static bool must_wait(void) { return errno == EAGAIN || errno == EINTR; }

// Fills what is to be sent up with the file behind it; gives false when that became shorter than was promised.
static bool fill(struct connection *connection) {
  size_t room = sizeof connection->out - connection->out_length;
  if (connection->file < 0 || room == 0) return true;
  if (connection->file_left < (off_t)room) room = (size_t)connection->file_left;
  ssize_t got = read(connection->file, connection->out + connection->out_length, room);
  if (got <= 0) return false;
  connection->out_length += (size_t)got;
  connection->file_left -= got;
  if (connection->file_left == 0) {
    close(connection->file);
    connection->file = -1;
  }
  return true;
}

// Sends what is to be sent; gives false when the connection is of no use any more.
static bool send_out(struct connection *connection) {
  for (;;) {
    if (!fill(connection)) return false;
    if (connection->out_length == 0) return true;
    while (connection->out_sent < connection->out_length) {
      ssize_t sent = send(connection->fd, connection->out + connection->out_sent,
                          connection->out_length - connection->out_sent, 0);
      if (sent < 0) return must_wait();
      connection->out_sent += (size_t)sent;
    }
    connection->out_length = connection->out_sent = 0;
  }
}

static bool is_sending(const struct connection *connection) {
  return connection->out_length > 0 || connection->file >= 0;
}

// Does what can be done without waiting; gives false when the connection is to be closed.
static bool serve(struct connection *connection) {
  for (;;) {
    if (!send_out(connection)) return false;
    if (is_sending(connection)) return true;
    if (connection->draining) {
      shutdown(connection->fd, SHUT_WR);
      ssize_t got = recv(connection->fd, connection->in, request_bytes_max, 0);
      return got > 0 || (got < 0 && must_wait());
    }
    if (connection->close_after) return false;
    if (connection->in_length > 0 && take_request(connection)) {
      // Small answers to requests that came at once go out together, as long as there is room.
      continue;
    }
    if (is_sending(connection)) continue;
    ssize_t got = recv(connection->fd, connection->in + connection->in_length,
                       request_bytes_max - connection->in_length, 0);
    if (got == 0) return false;
    if (got < 0) return must_wait();
    connection->in_length += (size_t)got;
  }
}

static void hang_up(struct connection *connection) {
  close(connection->fd);
  if (connection->file >= 0) close(connection->file);
  free(connection);
}

static void take_connections(int listener, time_t now) {
  while (connection_count < connections_max) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL) {
      close(fd);
      return;
    }
    connection->fd = fd;
    connection->file = -1;
    connection->in_length = connection->out_length = connection->out_sent = 0;
    connection->file_left = 0;
    connection->close_after = connection->continued = connection->draining = false;
    connection->last_used = now;
    connections[connection_count++] = connection;
  }
}

static time_t seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

#ifndef __wasi__
#include <netinet/in.h>
#include <signal.h>

static int listen_by_itself(int port) {
  signal(SIGPIPE, SIG_IGN);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0 || listen(fd, SOMAXCONN) != 0) {
    perror("web: listen");
    return 0;
  }
  return dup2(fd, first_listener) == first_listener ? 1 : 0;
}
#endif

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-l") == 0) logs = true;
    else if (argv[i][0] == '-') {
      fprintf(stderr, "usage: web [-l] [FOLDER]\n");
      return 2;
    } else folder = argv[i];
  }
  const char *given = getenv("LISTEN_FDS");
  int listeners = given == NULL ? 0 : atoi(given);
#ifndef __wasi__
  // Elsewhere a program may listen by itself.
  if (listeners < 1) listeners = listen_by_itself(8080);
#endif
  if (listeners < 1) {
    fprintf(stderr, "web: there is nothing to listen to. Publish a port: docker run -p 8080:8080 web\n");
    return 1;
  }
  if (listeners > listeners_max) listeners = listeners_max;
  for (int i = 0; i < listeners; i++) fcntl(first_listener + i, F_SETFL, O_NONBLOCK);
  const char *ports = getenv("LISTEN_FDNAMES");
  printf("serving %s at port %s\n", folder, ports == NULL ? "?" : ports);
  fflush(stdout);

  static struct pollfd polled[listeners_max + connections_max];
  for (;;) {
    size_t first = connection_count < connections_max ? (size_t)listeners : 0;
    for (size_t i = 0; i < first; i++) polled[i] = (struct pollfd){first_listener + (int)i, POLLIN, 0};
    for (size_t i = 0; i < connection_count; i++)
      polled[first + i] = (struct pollfd){connections[i]->fd, is_sending(connections[i]) ? POLLOUT : POLLIN, 0};
    if (poll(polled, first + connection_count, connection_count == 0 ? -1 : 1000) < 0) {
      if (errno == EINTR) continue;
      perror("web: poll");
      return 1;
    }
    time_t now = seconds();
    size_t kept = 0;
    for (size_t i = 0; i < connection_count; i++) {
      struct connection *connection = connections[i];
      bool open = true;
      if (polled[first + i].revents != 0) {
        if (!connection->draining) connection->last_used = now;
        open = serve(connection);
      } else if (now - connection->last_used > idle_s_max) open = false;
      if (open) connections[kept++] = connection;
      else hang_up(connection);
    }
    connection_count = kept;
    for (size_t i = 0; i < first; i++)
      if (polled[i].revents != 0) take_connections(first_listener + (int)i, now);
  }
}
