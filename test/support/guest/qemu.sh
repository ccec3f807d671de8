#!/bin/bash
# Starts QEMU without KVM over the host's files, with Debian's kernel (see qemu.ts):
#
#   qemu.sh KERNEL EXCHANGE SECONDS MEGABYTES    KERNEL: a version, as /lib/modules has it; EXCHANGE: a folder that host
#                                                and guest share; the guest halts after SECONDS
#
# virtiofsd shows the guest the host's root. The guest mounts it under an overlay in memory (qemu-init.sh), so that it
# may write anywhere and the host's disk never changes.
set -eu
kernel=$1 exchange=$2 seconds=$3 megabytes=$4
here=$(dirname "$(realpath "$0")")
initrd=$exchange/initrd

# What the guest needs to see the host's files: busybox, the modules of virtiofs and overlay, and what they depend on.
mkdir -p "$initrd"/{bin,modules,host,memory,root,proc,sys,dev}
cp "$(command -v busybox)" "$initrd/bin/"
cp "$here/qemu-init.sh" "$initrd/init"
for module in virtio_pci virtiofs overlay; do
  modprobe --set-version "$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" "$initrd/modules/"
  basename "$file"
done >"$initrd/modules/order"
(cd "$initrd" && find . | cpio --quiet -o -H newc >"$exchange/initrd.cpio")

for virtiofsd in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do [ -x "$virtiofsd" ] && break; done
# It ends when QEMU does.
"$virtiofsd" --socket-path="$exchange/virtiofs" -o source=/,sandbox=chroot,cache=always >"$exchange/virtiofsd.log" 2>&1 &
until [ -S "$exchange/virtiofs" ]; do sleep 0.05; done

exec qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$megabytes" \
  -nodefaults -nographic -no-reboot -serial stdio \
  -object "memory-backend-memfd,id=memory,size=${megabytes}M,share=on" -numa node,memdev=memory \
  -chardev "socket,id=files,path=$exchange/virtiofs" -device vhost-user-fs-pci,chardev=files,tag=host \
  -kernel "/boot/vmlinuz-$kernel" -initrd "$exchange/initrd.cpio" \
  -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off cryptomgr.notests exchange=$exchange seconds=$seconds init_script=$here/qemu-guest.sh"
