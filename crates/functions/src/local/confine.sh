# Runs as root of namespaces of its own and starts the rest of its arguments where nothing of the machine is to be seen but
# programs, the code and what was named. Arguments: an empty folder, the folder of the code, the size of /tmp in KiB, a file
# with roots or nothing, the folder of layers or nothing, what may be read, `--`, what is hidden, `--`, the command.
set -eu
root=$1 code=$2 temporary=$3 roots=$4 layers=$5
shift 5

# expose SOURCE [PLACE]: everybody may read it, nobody write.
expose() {
    [ -e "$1" ] || return 0
    place=$root${2:-$1}
    if [ -d "$1" ]; then
        mkdir -p "$place"
    else
        mkdir -p "${place%/*}"
        : >"$place"
    fi
    mount --rbind "$1" "$place"
    # Where the machine's own mount has flags that may not be changed, ownership has to be enough.
    mount -o remount,bind,ro "$place" 2>/dev/null || :
}

umask 022
mount -t tmpfs -o mode=0755,size=8m,nr_inodes=4096 thingsmith "$root"
mkdir "$root/dev" "$root/etc" "$root/proc" "$root/tmp"
for folder in /bin /lib /lib32 /lib64 /libx32 /sbin; do
    if [ -L "$folder" ]; then
        cp -P "$folder" "$root/"
    else
        expose "$folder"
    fi
done
expose /usr
# What names, certificates, libraries and alternatives are found by; nothing of how this machine is set up besides.
for file in group host.conf hosts ld.so.cache localtime mime.types nsswitch.conf passwd protocols resolv.conf services; do
    if [ -e "/etc/$file" ]; then
        cp -L "/etc/$file" "$root/etc/"
    fi
done
expose /etc/alternatives
expose /etc/pki/tls/certs
expose /etc/pki/ca-trust
expose /etc/ssl/certs
for device in full null random urandom zero; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o "mode=1777,nosuid,nodev,size=${temporary}k,nr_inodes=65536" thingsmith "$root/tmp"
expose "$code" /var/task
if [ -n "$roots" ]; then
    expose "$roots" /var/runtime/roots.pem
fi
while [ "$1" != -- ]; do
    expose "$1"
    shift
done
shift
if [ -n "$layers" ]; then
    if [ -e "$root/opt" ]; then
        # Something that may be read stands there too.
        for entry in "$layers"/* "$layers"/.[!.]*; do
            expose "$entry" "/opt/${entry##*/}"
        done
    else
        expose "$layers" /opt
    fi
fi
while [ "$1" != -- ]; do
    if [ -d "$root$1" ]; then
        mount -t tmpfs -o mode=0000,size=4k,nr_inodes=2 thingsmith "$root$1"
    fi
    shift
done
shift
mount -o remount,ro "$root"
# This shell stays as the first process of the namespace: it takes the bodies of orphans, and when it ends, all end.
status=0
chroot "$root" "$@" || status=$?
exit "$status"
