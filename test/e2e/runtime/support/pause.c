// The one program of the tests' container image: waits to be stopped. PID 1 hears only the signals that it handles.
#include <signal.h>
#include <unistd.h>

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

int main(void) {
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  for (;;)
    pause();
}
