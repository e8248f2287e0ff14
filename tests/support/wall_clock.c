/* A wall clock that tests move: preloaded into a private session, it adds to CLOCK_REALTIME the nanoseconds that stand
   in the file WALL_CLOCK (a native int64). The clock may be moved at any time; timers of the wall clock (timerfd) then
   expire earlier or later, and who asked to be told of a jump is told, as the kernel does it (timerfd_create(2),
   TFD_TIMER_CANCEL_ON_SET). The monotonic clock stays as it is. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define LOOK_AGAIN_AFTER 20000000
#define MOST_DESCRIPTORS 4096
#define NEVER 1000000000000LL

struct timer {
    int on_wall_clock, is_set, tells_jumps;
    struct itimerspec wanted;
};

static struct timer timers[MOST_DESCRIPTORS];
static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static const volatile int64_t *moved_by;
static pid_t watched_by;

__attribute__((constructor)) static void map_the_file(void)
{
    static const int64_t nothing = 0;
    const char *path = getenv("WALL_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = MAP_FAILED;

    if (file >= 0) {
        mapped = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    moved_by = mapped == MAP_FAILED ? &nothing : mapped;
}

static int is_wall_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM;
}

static void shift(struct timespec *time, int64_t by)
{
    int64_t nanoseconds = time->tv_nsec + by % SECOND;

    time->tv_sec += by / SECOND + (nanoseconds >= SECOND) - (nanoseconds < 0);
    time->tv_nsec = (nanoseconds + SECOND) % SECOND;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = syscall(SYS_clock_gettime, clock, time);

    if (result == 0 && is_wall_clock(clock) && moved_by)
        shift(time, *moved_by);
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

static struct timer *timer_of(int descriptor)
{
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? &timers[descriptor] : NULL;
}

int timerfd_create(int clock, int flags)
{
    int descriptor = syscall(SYS_timerfd_create, clock, flags);
    struct timer *timer = timer_of(descriptor);

    if (timer)
        *timer = (struct timer){.on_wall_clock = is_wall_clock(clock)};
    return descriptor;
}

static int has_time(const struct timespec *time)
{
    return time->tv_sec || time->tv_nsec;
}

/* Set a timer of the wall clock as the kernel's clock has to count it. */
static int set(int descriptor, int flags, const struct itimerspec *wanted, struct itimerspec *before)
{
    const struct timer *timer = timer_of(descriptor);
    struct itimerspec value = *wanted;

    if (timer && timer->on_wall_clock && (flags & TFD_TIMER_ABSTIME) && has_time(&value.it_value)
        && value.it_value.tv_sec < NEVER) {
        shift(&value.it_value, -*moved_by);
        if (value.it_value.tv_sec < 0 || !has_time(&value.it_value))
            value.it_value = (struct timespec){0, 1};
    }
    return syscall(SYS_timerfd_settime, descriptor, flags, &value, before);
}

static void tell_of_a_jump(int descriptor)
{
    const struct itimerspec at_once = {{0, 0}, {0, 1}};

    syscall(SYS_timerfd_settime, descriptor, 0, &at_once, NULL);
}

static void *watch(void *unused)
{
    int64_t known = *moved_by;
    const struct timespec pause = {0, LOOK_AGAIN_AFTER};

    for (;;) {
        syscall(SYS_nanosleep, &pause, NULL);
        if (*moved_by == known)
            continue;
        known = *moved_by;
        pthread_mutex_lock(&timers_lock);
        for (int descriptor = 0; descriptor < MOST_DESCRIPTORS; descriptor++) {
            if (!timers[descriptor].is_set)
                continue;
            if (timers[descriptor].tells_jumps)
                tell_of_a_jump(descriptor);
            else
                set(descriptor, TFD_TIMER_ABSTIME, &timers[descriptor].wanted, NULL);
        }
        pthread_mutex_unlock(&timers_lock);
    }
    return unused;
}

static void watch_the_file(void)
{
    pthread_t thread;
    sigset_t all, before;

    if (watched_by == getpid())
        return;
    watched_by = getpid();
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_create(&thread, NULL, watch, NULL) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *wanted, struct itimerspec *before)
{
    struct timer *timer = timer_of(descriptor);
    int result;

    pthread_mutex_lock(&timers_lock);
    if (timer) {
        timer->tells_jumps = flags & TFD_TIMER_CANCEL_ON_SET;
        timer->is_set = timer->on_wall_clock && (flags & TFD_TIMER_ABSTIME) && has_time(&wanted->it_value);
        timer->wanted = *wanted;
        if (timer->is_set)
            watch_the_file();
    }
    result = set(descriptor, flags, wanted, before);
    pthread_mutex_unlock(&timers_lock);
    return result;
}
