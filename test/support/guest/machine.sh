#!/bin/bash
# Starts QEMU over the host's files (see machine.ts):
#
#   machine.sh KERNEL FOLDER ACCELERATOR MEGABYTES LANES NETWORK   KERNEL: a version, as /lib/modules has it; FOLDER: for sockets
#                                                          and scenes; LANES: how many sockets FOLDER/lane… listen
#
# virtiofsd shows the guest the host's root (init.sh). Whatever this starts is of its process group, and ends with QEMU;
# QEMU ends with who started this, even where that was killed (guest.ts has setpriv see to it).
set -eu
kernel=$1 folder=$2 accelerator=$3 megabytes=$4 lanes=$5 network=$6
here=$(dirname "$(realpath "$0")")
initrd=$folder/initrd

# Compressed as the distribution has them; the initial RAM disk has only busybox to read them.
plain() {
  case "$1" in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
  esac
}

# What the guest needs to see the host's files and to be spoken to: busybox, and these modules with what they depend on.
mkdir -p "$initrd"/{bin,modules,host,memory,root,proc,sys,dev}
cp "$(command -v busybox)" "$initrd/bin/"
cp "$here/init.sh" "$initrd/init"
for module in virtio_pci virtiofs overlay virtio_console virtio_net; do
  modprobe --set-version "$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  name=$(basename "$file" | sed 's/\.ko.*/.ko/')
  plain "$file" >"$initrd/modules/$name"
  echo "$name"
done >"$initrd/modules/order"
(cd "$initrd" && find . | cpio --quiet -o -H newc >"$folder/initrd.cpio")

# Debian 13's is a package of its own, in Rust. The guest's overlay cannot follow submounts that are announced.
if [ -x /usr/libexec/virtiofsd ]; then
  files=(/usr/libexec/virtiofsd --shared-dir=/ --sandbox=chroot --cache=always --no-announce-submounts)
else
  files=(/usr/lib/qemu/virtiofsd -o "source=/,sandbox=chroot,cache=always")
fi
setpriv --pdeathsig KILL "${files[@]}" --socket-path="$folder/virtiofs" >"$folder/virtiofsd.log" 2>&1 &
until [ -S "$folder/virtiofs" ]; do
  kill -0 $! || { cat "$folder/virtiofsd.log"; exit 1; }
  sleep 0.05
done

ports=()
for ((lane = 0; lane < lanes; lane++)); do
  ports+=(-chardev "socket,id=lane$lane,path=$folder/lane$lane" -device "virtserialport,chardev=lane$lane,name=lane$lane")
done
[ -z "$network" ] || ports+=(-netdev user,id=network -device virtio-net-pci,netdev=network)
case "$accelerator" in tcg) accelerator=tcg,thread=multi ;; esac
exec timeout --foreground --kill-after=5 2h setpriv --pdeathsig KILL \
  qemu-system-x86_64 -accel "$accelerator" -cpu max -smp 2 -m "$megabytes" \
  -nodefaults -nographic -no-reboot -serial stdio \
  -object "memory-backend-memfd,id=memory,size=${megabytes}M,share=on" -numa node,memdev=memory \
  -chardev "socket,id=files,path=$folder/virtiofs" -device vhost-user-fs-pci,chardev=files,tag=host \
  -device virtio-serial-pci "${ports[@]}" \
  -kernel "/boot/vmlinuz-$kernel" -initrd "$folder/initrd.cpio" \
  -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off cryptomgr.notests folder=$folder network=$network worker=$here/worker.sh"
