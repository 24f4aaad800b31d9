/*
 * A plugin of QEMU's user-mode emulation that counts how often each translated block of instructions runs.
 * Built and driven by counter.ts, over the Unix socket that its one argument names (socket=PATH):
 *
 *   'b'  begins an interval; answered with 'b'
 *   'e'  ends it; answered with the u64 length of what follows, then
 *          u64 length, /proc/self/maps
 *          of each block that ran since 'b': u64 address, u64 runs, u32 length, length times u32 instruction
 *
 * Everything little-endian, as both machines are. A block that is translated again is told again.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What is used of QEMU's plugin interface: Debian has no package with its header. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CALLBACK_NO_REGISTERS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;

struct block {
  struct block *next;
  uint64_t address;
  _Atomic uint64_t runs;
  uint64_t runs_at_begin;
  uint32_t length;
  uint32_t instructions[];
};

static struct block *_Atomic blocks;
static int connection;

/* Threads run side by side, so the count is atomic: QEMU's own inline addition is not, and loses some. */
static void count(unsigned vcpu, void *block) {
  (void)vcpu;
  atomic_fetch_add_explicit(&((struct block *)block)->runs, 1, memory_order_relaxed);
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
  (void)id;
  size_t length = qemu_plugin_tb_n_insns(tb);
  struct block *block = calloc(1, sizeof *block + length * sizeof block->instructions[0]);
  if (block == NULL) abort();
  block->address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
  block->length = (uint32_t)length;
  for (size_t i = 0; i < length; i++) {
    memcpy(&block->instructions[i], qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, i)), sizeof(uint32_t));
  }
  block->next = atomic_load(&blocks);
  while (!atomic_compare_exchange_weak(&blocks, &block->next, block)) {
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, count, CALLBACK_NO_REGISTERS, block);
}

static void put(const void *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t n = send(connection, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);
    if (n <= 0) return; /* Nobody listens any more. */
    sent += (size_t)n;
  }
}

static void add(FILE *answer, const void *bytes, size_t length) {
  if (fwrite(bytes, 1, length, answer) != length) abort();
}

/* The kernel makes up this file while it is read, so its length is known only afterwards. */
static void add_maps(FILE *answer) {
  FILE *maps = fopen("/proc/self/maps", "r");
  if (maps == NULL) abort();
  char *text = NULL;
  size_t room = 0;
  ssize_t length = getdelim(&text, &room, 0, maps);
  if (length < 0) abort();
  uint64_t bytes = (uint64_t)length;
  add(answer, &bytes, sizeof bytes);
  add(answer, text, (size_t)length);
  free(text);
  fclose(maps);
}

static void add_blocks(FILE *answer) {
  for (struct block *block = atomic_load(&blocks); block != NULL; block = block->next) {
    uint64_t runs = atomic_load(&block->runs) - block->runs_at_begin;
    if (runs == 0) continue;
    add(answer, &block->address, sizeof block->address);
    add(answer, &runs, sizeof runs);
    add(answer, &block->length, sizeof block->length);
    add(answer, block->instructions, block->length * sizeof block->instructions[0]);
  }
}

static void end_interval(void) {
  char *bytes = NULL;
  size_t length = 0;
  FILE *answer = open_memstream(&bytes, &length);
  if (answer == NULL) abort();
  add_maps(answer);
  add_blocks(answer);
  fclose(answer);
  uint64_t announced = length;
  put(&announced, sizeof announced);
  put(bytes, length);
  free(bytes);
}

static void *answer(void *unused) {
  for (char command; recv(connection, &command, 1, 0) == 1;) {
    if (command == 'b') {
      for (struct block *block = atomic_load(&blocks); block != NULL; block = block->next) {
        block->runs_at_begin = atomic_load(&block->runs);
      }
      put(&command, 1);
    }
    if (command == 'e') end_interval();
  }
  return unused;
}

EXPORTED int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 1 || strncmp(argv[0], "socket=", 7) != 0 || strlen(argv[0] + 7) >= sizeof address.sun_path) {
    fprintf(stderr, "counter: expected socket=PATH\n");
    return -1;
  }
  strcpy(address.sun_path, argv[0] + 7);
  connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0) {
    perror("counter: connect");
    return -1;
  }
  /* Signals are the emulated threads' alone: QEMU's handlers look for an emulated processor in the thread. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failed = pthread_create(&thread, NULL, answer, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
