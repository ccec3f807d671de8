# The node's own address, as in crosslink.d/local.json
ip link add up0 type veth peer name up1
ip link set up1 up
ip link set up0 up
ip addr add 192.0.2.1/24 dev up0

# For crosslink-unready.json: what is missing must be the kernel's ESP, not the keyring
umask 077
secret=$(head -c 32 /dev/urandom | base64)
echo "{\"active\":1,\"keys\":[{\"id\":1,\"secret\":\"$secret\"}]}" > "$SCRATCH/keyring.json"
