#include <sys/eventfd.h>

/* As <sys/timerfd.h> has it, which would make `timespec` a type of this module too. */
struct itimerspec;
enum { TFD_TIMER_ABSTIME = 1 };
int timerfd_create(int clock, int flags);
int timerfd_settime(int timer, int flags, const struct itimerspec *new_setting,
                    struct itimerspec *old_setting);
