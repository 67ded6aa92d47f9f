/* Stands between the program and its disk, loaded by LD_PRELOAD: writes down every change of a folder,
   and lets the n-th call fail, or ends the program there as a power cut or a kill would.

   DISK_ROOT   the folder; calls elsewhere pass
   DISK_LOG    file to which each change is appended, with its bytes
   DISK_WHICH  calls that are counted, a sum: 1 changes, 2 those that need space, 4 reads, 8 opens
   DISK_AT     the call that is meant, from 1; writes or reads of one file in a row count as one
   DISK_DEED   what happens: once (it fails), on (it and all later ones fail), short (half is written, then
               all fail), kill (the program ends before it), torn (it ends when half is written)
   DISK_ERROR  the errno of a failure */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHANGE = 1, SPACE = 2, READ = 4, OPEN = 8 };
enum deed { NOTHING, ONCE, ON, SHORT, KILL, TORN };

#define REAL(name) ((__typeof__(name) *)real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static int journal = -1, which = CHANGE, failure = EIO;
static long at, point;
static enum deed deed = NOTHING;
static char last[PATH_MAX];

__attribute__((constructor)) static void begin(void)
{
    static const char *const deeds[] = {"nothing", "once", "on", "short", "kill", "torn"};
    const char *log = getenv("DISK_LOG"), *number = getenv("DISK_AT"), *name = getenv("DISK_DEED");
    if (log)
        journal = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (number)
        at = atol(number);
    for (int each = NOTHING; name && each <= TORN; each++)
        if (!strcmp(name, deeds[each]))
            deed = each;
    if (getenv("DISK_WHICH"))
        which = atoi(getenv("DISK_WHICH"));
    if (getenv("DISK_ERROR"))
        failure = atoi(getenv("DISK_ERROR"));
    root = getenv("DISK_ROOT");
}

static int inside(const char *path)
{
    size_t length = root ? strlen(root) : 0;
    return root && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static int path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return inside(path);
}

static int path_at(int folder, const char *name, char *path)
{
    char above[PATH_MAX];
    if (name[0] == '/')
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && inside(path);
    if (folder == AT_FDCWD) {
        if (!getcwd(above, sizeof above))
            return 0;
    } else if (!path_of(folder, above))
        return 0;
    return snprintf(path, PATH_MAX, "%s/%s", above, name) < PATH_MAX && inside(path);
}

static void note(char what, long number, const char *text, const void *bytes, size_t length)
{
    char line[2 * PATH_MAX + 64];
    if (journal < 0)
        return;
    int size = snprintf(line, sizeof line, "%c %ld %ld %zu %s\n", what, point, number, length, text);
    struct iovec parts[] = {{line, size}, {(void *)bytes, length}};
    if (REAL(writev)(journal, parts, length ? 2 : 1) < 0)
        abort();
}

/* The error with which a call ends, or 0. Sets `half` where a write is to be done by half. */
static int verdict(int kind, char what, const char *path, int *half)
{
    char now[PATH_MAX];
    if (half)
        *half = 0;
    if (!(kind & which))
        return 0;
    snprintf(now, sizeof now, "%c%s", what, path);
    int in_a_row = (what == 'w' || what == 'r') && !strcmp(now, last);
    strcpy(last, now);
    if (!in_a_row)
        point++;
    if (deed == NOTHING || !at || point < at)
        return 0;
    int first = point == at && !in_a_row;
    if (deed == KILL || (deed == TORN && !(half && first))) {
        kill(getpid(), SIGKILL);
    } else if (deed == TORN || (deed == SHORT && half && first)) {
        *half = 1;
        return 0;
    }
    return deed != ONCE || first ? failure : 0;
}

#define REFUSE(error) do { pthread_mutex_unlock(&turn); errno = (error); return -1; } while (0)
#define DONE(result) do { int saved = errno; pthread_mutex_unlock(&turn); errno = saved; return (result); } while (0)

static int open_at(int folder, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    if (!path_at(folder, name, path))
        return REAL(openat64)(folder, name, flags, mode);
    pthread_mutex_lock(&turn);
    int missing = access(path, F_OK) != 0;
    int creates = (flags & O_CREAT) && missing, empties = (flags & O_TRUNC) && !missing;
    int kind = OPEN | (creates ? CHANGE | SPACE : empties ? CHANGE : (flags & O_ACCMODE) == O_RDONLY ? READ : 0);
    int error = verdict(kind, 'o', path, NULL);
    if (error)
        REFUSE(error);
    int fd = REAL(openat64)(folder, name, flags, mode);
    if (fd >= 0 && creates)
        note('C', 0, path, NULL, 0);
    else if (fd >= 0 && empties)
        note('T', 0, path, NULL, 0);
    DONE(fd);
}

#define MODE(flags, mode) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *name, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE(flags, mode) return open_at(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE(flags, mode) return open_at(folder, name, flags, mode); }

static ssize_t write_at(int fd, const void *bytes, size_t length, off64_t offset, int in_place)
{
    char path[PATH_MAX];
    struct stat found;
    int half;
    if (fd == STDOUT_FILENO && root) {
        note('P', 0, "", NULL, 0);
        return REAL(write)(fd, bytes, length);
    }
    if (fd == journal || !path_of(fd, path) || fstat(fd, &found) || !S_ISREG(found.st_mode))
        return in_place ? REAL(pwrite64)(fd, bytes, length, offset) : REAL(write)(fd, bytes, length);
    pthread_mutex_lock(&turn);
    if (!in_place)
        offset = fcntl(fd, F_GETFL) & O_APPEND ? found.st_size : lseek64(fd, 0, SEEK_CUR);
    int error = verdict(CHANGE | SPACE, in_place ? 'p' : 'w', path, &half);
    if (error)
        REFUSE(error);
    if (half)
        length = (length + 1) / 2;
    ssize_t done = in_place ? REAL(pwrite64)(fd, bytes, length, offset) : REAL(write)(fd, bytes, length);
    if (half && deed == TORN)
        kill(getpid(), SIGKILL);
    if (done > 0)
        note('W', offset, path, bytes, done);
    DONE(done);
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_at(fd, bytes, length, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return write_at(fd, bytes, length, offset, 1); }
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    /* A short write is always allowed. */
    while (count > 1 && !parts->iov_len)
        parts++, count--;
    return count < 1 ? 0 : write_at(fd, parts->iov_base, parts->iov_len, 0, 0);
}

/* The caller then reads and writes itself. */
ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *end, size_t length, unsigned flags)
{
    (void)from, (void)start, (void)to, (void)end, (void)length, (void)flags;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length)
{
    (void)to, (void)from, (void)offset, (void)length;
    errno = ENOSYS;
    return -1;
}

static int refused_read(int fd)
{
    char path[PATH_MAX];
    if (!(which & READ) || !root || !path_of(fd, path))
        return 0;
    pthread_mutex_lock(&turn);
    int error = verdict(READ, 'r', path, NULL);
    pthread_mutex_unlock(&turn);
    errno = error;
    return error;
}

ssize_t read(int fd, void *bytes, size_t length) { return refused_read(fd) ? -1 : REAL(read)(fd, bytes, length); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) { return refused_read(fd) ? -1 : REAL(pread64)(fd, bytes, length, offset); }

/* A change of one open file. */
#define ON_FILE(call, letter, number) \
    char path[PATH_MAX]; \
    struct stat found; \
    if (!path_of(fd, path) || fstat(fd, &found)) \
        return call; \
    pthread_mutex_lock(&turn); \
    int error = verdict(CHANGE, letter, path, NULL); \
    if (error) \
        REFUSE(error); \
    int done = call; \
    if (!done) \
        note(S_ISDIR(found.st_mode) ? 'D' : letter, number, path, NULL, 0); \
    DONE(done);

int fsync(int fd) { ON_FILE(REAL(fsync)(fd), 'S', 0) }
int fdatasync(int fd) { ON_FILE(REAL(fdatasync)(fd), 'S', 0) }
int ftruncate(int fd, off_t length) { ON_FILE(REAL(ftruncate)(fd, length), 'T', length) }
int ftruncate64(int fd, off64_t length) { ON_FILE(REAL(ftruncate64)(fd, length), 'T', length) }

/* A change of one name. */
#define ON_NAME(folder, name, kind, call, letter) \
    char path[PATH_MAX]; \
    if (!path_at(folder, name, path)) \
        return call; \
    pthread_mutex_lock(&turn); \
    int error = verdict(kind, letter, path, NULL); \
    if (error) \
        REFUSE(error); \
    int done = call; \
    if (!done) \
        note(letter, 0, path, NULL, 0); \
    DONE(done);

int mkdir(const char *name, mode_t mode) { ON_NAME(AT_FDCWD, name, CHANGE | SPACE, REAL(mkdir)(name, mode), 'M') }
int rmdir(const char *name) { ON_NAME(AT_FDCWD, name, CHANGE, REAL(rmdir)(name), 'X') }
int unlink(const char *name) { ON_NAME(AT_FDCWD, name, CHANGE, REAL(unlink)(name), 'U') }
int unlinkat(int folder, const char *name, int flags) { ON_NAME(folder, name, CHANGE, REAL(unlinkat)(folder, name, flags), flags & AT_REMOVEDIR ? 'X' : 'U') }

/* A second name, with or without the first. */
#define ON_NAMES(kind, call, letter) \
    char both[2 * PATH_MAX], first[PATH_MAX], path[PATH_MAX]; \
    if (!path_at(from, old, first) | !path_at(to, name, path)) \
        return call; \
    snprintf(both, sizeof both, "%s\t%s", first, path); \
    pthread_mutex_lock(&turn); \
    int error = verdict(kind, letter, path, NULL); \
    if (error) \
        REFUSE(error); \
    int done = call; \
    if (!done) \
        note(letter, 0, both, NULL, 0); \
    DONE(done);

int rename(const char *old, const char *name) { int from = AT_FDCWD, to = AT_FDCWD; ON_NAMES(CHANGE, REAL(rename)(old, name), 'R') }
int renameat(int from, const char *old, int to, const char *name) { ON_NAMES(CHANGE, REAL(renameat)(from, old, to, name), 'R') }
int renameat2(int from, const char *old, int to, const char *name, unsigned flags) { ON_NAMES(CHANGE, REAL(renameat2)(from, old, to, name, flags), 'R') }
int link(const char *old, const char *name) { int from = AT_FDCWD, to = AT_FDCWD; ON_NAMES(CHANGE | SPACE, REAL(link)(old, name), 'L') }
int linkat(int from, const char *old, int to, const char *name, int flags) { ON_NAMES(CHANGE | SPACE, REAL(linkat)(from, old, to, name, flags), 'L') }

__attribute__((destructor)) static void end(void) { note('N', 0, "", NULL, 0); }
