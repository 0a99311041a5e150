#!/bin/sh
# PID 1 of a guest, in its root file system. The host shares this file, the
# script to run and `settings`:
#   MARK    a word that starts every line of ours in the output
#   MODE    run | shell
#   DOCKER  yes | no
#   TTY     the console's terminal, like ttyS0
#   SIZE    what stty sets it to, like `rows 50 columns 160`

. /guest/settings
export PATH=/run/programs:/host:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-linux}"

power_off() {
    sync
    busybox poweroff -f
}

fail() {
    echo "ovl-guest: failed: $*" >/dev/console
    power_off
}

mount_all() {
    mount -t tmpfs -o mode=755 tmpfs /run
    # In a root file system whose packages are not set up it is no link.
    [ -L /var/run ] || mount --bind /run /var/run
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mkdir -p /dev/pts /dev/shm /run/lock
    mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    ln -sf /proc/self/fd /dev/fd
    ln -sf /proc/self/fd/0 /dev/stdin
    ln -sf /proc/self/fd/1 /dev/stdout
    ln -sf /proc/self/fd/2 /dev/stderr
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tracefs tracefs /sys/kernel/tracing
    mount -t debugfs debugfs /sys/kernel/debug
    mount -t bpf bpf /sys/fs/bpf

    shared="trans=virtio,version=9p2000.L,msize=262144"
    modules="/lib/modules/$(uname -r)"
    mkdir -p "$modules" /host /out /data
    mount -t 9p -o "$shared,ro,cache=loose" modules "$modules" || fail "cannot mount the modules"
    mount -t 9p -o "$shared,ro" host /host || fail "cannot mount /host"
    # Over 9p the kernel reads a page of a program at a time, anew at each start.
    mkdir /run/programs
    for program in /host/*; do
        [ ! -f "$program" ] || [ ! -x "$program" ] || cp "$program" /run/programs
    done
    mount -t 9p -o "$shared" out /out || fail "cannot mount /out"

    mount -t ext4 /dev/vdb /data || fail "cannot mount the data disk"
    for directory in docker containerd containers; do
        mkdir -p "/data/$directory" "/var/lib/$directory"
        mount --bind "/data/$directory" "/var/lib/$directory"
    done
}

# A daemon that fails leaves its log for the host.
start_docker() {
    dockerd --iptables=false --ip6tables=false --bridge=none -s overlay2 \
        >/run/dockerd.log 2>&1 </dev/null &
    daemon=$!
    waited=0
    until [ -S /run/docker.sock ] && docker version >/dev/null 2>&1; do
        waited=$((waited + 1))
        if [ "$waited" -gt 240 ] || ! kill -0 "$daemon" 2>/dev/null; then
            cp /run/dockerd.log /out/dockerd.log
            fail "dockerd did not start"
        fi
        sleep 0.5
    done
}

# Says now and then that the guest is alive, so that a command may be silent.
beat() {
    while :; do
        sleep 5
        echo "ovl-guest: beat"
    done
}

# The port that the host reads as the command's output. One program at a time
# can have it open, so a pipe is before it: then /dev/stderr works as well.
open_output() {
    for port in /sys/class/virtio-ports/*; do
        [ "$(cat "$port/name")" = output ] || continue
        exec 3>"/dev/${port##*/}"
        return
    done
    fail "no port for the output"
}

run() {
    open_output
    echo "$MARK kernel $(uname -r)" >&3
    [ "$DOCKER" = no ] || start_docker
    mkfifo /run/output
    cat /run/output >&3 &
    pump=$!
    (cd /root && exec /guest/script) >/run/output 2>&1 3>&- </dev/null
    status=$?
    # The pipe ends with its last writer; what the script left running in the
    # background may hold it open for ever.
    waited=0
    while kill -0 "$pump" 2>/dev/null && [ "$waited" -lt 50 ]; do
        waited=$((waited + 1))
        sleep 0.1
    done
    echo "$MARK status $status" >&3
}

hostname guest
ip link set lo up
mount_all
modprobe overlay || fail "cannot load the overlay module"
if [ "$MODE" = shell ]; then
    [ "$DOCKER" = no ] || start_docker
    cd /root
    # /dev/console itself cannot be a controlling terminal.
    # shellcheck disable=SC2086 # SIZE is several words
    [ -z "$SIZE" ] || stty $SIZE <"/dev/$TTY"
    setsid --ctty --wait /bin/bash <"/dev/$TTY" >"/dev/$TTY" 2>&1
else
    beat >/dev/console 3>&- &
    run
fi
power_off
