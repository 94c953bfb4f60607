#!/usr/bin/env python3
"""Checks the rooms of the house: who includes whom, how long files are, and that the pure rooms call nothing with a
side effect. layers.py [--build build]; prints each breach, exits 1 when there is one.
"""
import argparse, os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A room, or single headers of one, that a room may include; what those may include comes with them.
MAY = {
    "base": [],
    "market": ["base"],
    "trade": ["market"],
    "desk": ["trade"],
    "io": ["base"],
    "venue": ["io", "trade", "desk/event.h", "desk/effect.h"],
    "store": ["io", "trade", "desk/event.h", "desk/effect.h", "agent/runs.h"],
    "agent": ["io", "trade", "desk/event.h", "desk/effect.h", "desk/view.h", "store/store.h", "store/archive.h"],
    "ui": ["trade", "desk/view.h", "desk/event.h", "io/loop.h", "io/inifile.h", "agent/runs.h"],
    "app": ["base", "market", "trade", "desk", "io", "venue", "store", "agent", "ui"],
}
COMMON = {"include/turret/version.h"}  # in no room, open to all
PURE = ["base", "market", "trade", "desk"]
SOURCE_LINES, HEADER_LINES = 450, 170

# Functions of libc with an effect outside of the process's own memory, or an answer that isn't a function of their arguments.
DENY = {
    "files": "open open64 openat creat fopen fopen64 fdopen freopen close fclose read pread write pwrite readv writev lseek fseek ftell rewind stat fstat lstat "
             "access unlink remove rename mkdir rmdir opendir readdir truncate ftruncate fsync fdatasync mmap munmap mprotect madvise tmpfile mkstemp fcntl ioctl "
             "chdir getcwd chmod dup dup2 pipe pipe2 sendfile realpath",
    "stdio": "printf vprintf fprintf vfprintf dprintf vdprintf puts fputs fputc putc putchar fwrite fread fgets fgetc getc getchar getline getdelim fscanf scanf "
             "fflush perror stdin stdout stderr",
    "time": "time clock clock_gettime gettimeofday ftime times nanosleep clock_nanosleep usleep sleep localtime localtime_r mktime tzset alarm setitimer timer_create "
            "timerfd_create strftime_l",
    "environment": "getenv secure_getenv setenv unsetenv putenv environ getpid getppid getuid geteuid getlogin gethostname uname sysconf getrusage setlocale localeconv",
    "chance": "rand srand random srandom rand_r drand48 lrand48 srand48 getrandom getentropy arc4random",
    "network": "socket bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg getaddrinfo gethostbyname poll ppoll select pselect epoll_wait shutdown",
    "processes": "fork vfork execv execve execvp execl execlp system popen pclose posix_spawn posix_spawnp wait waitpid kill raise signal sigaction sigprocmask exit _exit _Exit "
                 "quick_exit atexit pthread_create pthread_mutex_lock dlopen syscall longjmp siglongjmp",
}
# Running out of memory is said once on stderr before the program ends.
EXCUSED = {"base/mem.c": {"fprintf", "stderr"}}


def allowed(room):
    """Rooms, and single headers (room/x.h), a room may include."""
    rooms, headers, todo = {room}, set(), list(MAY[room])
    while todo:
        entry = todo.pop()
        if "/" in entry:
            headers.add(entry)
            # What the header itself includes comes with it, but gives no right to the rest of its room.
            continue
        if entry not in rooms:
            rooms.add(entry)
            todo += MAY[entry]
    return rooms, headers


def files(top):
    return sorted(os.path.relpath(os.path.join(folder, name), ROOT) for folder, _, names in os.walk(os.path.join(ROOT, top))
                  for name in names if name.endswith((".c", ".h")))


def check_includes():
    for path in files("src") + files("include"):
        parts = path.split(os.sep)
        if path in COMMON:
            continue
        room = parts[1] if parts[0] == "src" else parts[2]
        if room not in MAY:
            yield f"{path}: {room} is no room of the house"
            continue
        rooms, headers = allowed(room)
        for number, line in enumerate(open(os.path.join(ROOT, path), encoding="utf-8"), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m:
                continue
            target = m.group(1)
            if target.startswith("turret/"):
                target = target[len("turret/"):]
                if os.path.join("include", "turret", target) in COMMON:
                    continue
            elif "/" not in target:
                continue  # beside the source
            if target.startswith("../"):
                target = os.path.relpath(os.path.normpath(os.path.join(os.path.dirname(path), target)), "src")
            other = target.split("/")[0]
            if other not in MAY:
                here = os.path.join(ROOT, os.path.dirname(path), target)
                if not os.path.exists(here):
                    yield f"{path}:{number}: {m.group(1)} is in no room"
            elif other not in rooms and target not in headers:
                yield f"{path}:{number}: {room} may not include {m.group(1)}"
            elif room == "venue" and other == "venue" and target.count("/") >= 2 and len(parts) >= 4 and target.split("/")[1] != parts[2]:
                yield f"{path}:{number}: one venue may not include another's {m.group(1)}"


def check_lengths():
    for path in files("src") + files("include"):
        lines = sum(1 for _ in open(os.path.join(ROOT, path), encoding="utf-8"))
        limit = HEADER_LINES if path.endswith(".h") else SOURCE_LINES
        if lines > limit:
            yield f"{path}: {lines} lines, the limit is {limit}"


def base_name(symbol):
    """open64@GLIBC_2.2.5, __fprintf_chk, __isoc99_fscanf -> the function meant."""
    symbol = symbol.split("@")[0]
    symbol = re.sub(r"^__isoc(99|23)_", "", symbol)
    return re.sub(r"^__(.+)_chk$", r"\1", symbol)


def check_calls(build):
    denied = {name: kind for kind, names in DENY.items() for name in names.split()}
    found = 0
    for room in PURE:
        for path in files(os.path.join("src", room)):
            obj = os.path.join(ROOT, build, "obj", path[:-2] + ".o")
            if not path.endswith(".c"):
                continue
            if not os.path.exists(obj):
                yield f"{path}: not built ({os.path.relpath(obj, ROOT)} is missing)"
                continue
            found += 1
            out = subprocess.run(["nm", "-u", obj], capture_output=True, text=True, check=True).stdout
            excused = EXCUSED.get(os.path.relpath(path, "src"), set())
            for symbol in (base_name(line.split()[-1]) for line in out.splitlines() if line.strip()):
                if symbol in denied and symbol not in excused:
                    yield f"{path}: calls {symbol} ({denied[symbol]}), which a pure room may not"
    if not found:
        yield "no objects of the pure rooms found"


def breaches(build):
    return list(check_includes()) + list(check_lengths()) + list(check_calls(build))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default="build")
    bad = breaches(ap.parse_args().build)
    for line in bad:
        print(line)
    print(f"layers: {len(bad)} breaches" if bad else "layers: every room keeps to itself")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
