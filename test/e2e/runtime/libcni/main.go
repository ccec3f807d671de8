// A runtime of a few lines: reads a conflist and gives it to libcni, which keeps results in a cache between calls.
//
//	CNI_PATH=… libcni add|check|del CONFLIST CACHE CONTAINER_ID NETNS
//
// ADD prints the result. A failure is printed to stderr, exit code 1.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

func main() {
	if len(os.Args) != 6 {
		fail(fmt.Errorf("usage: %s add|check|del CONFLIST CACHE CONTAINER_ID NETNS", os.Args[0]))
	}
	verb, file, cache, id, netns := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	list, err := libcni.ConfListFromFile(file)
	fail(err)
	folders := filepath.SplitList(os.Getenv("CNI_PATH"))
	cni := libcni.NewCNIConfigWithCacheDir(folders, cache, nil)
	pod := &libcni.RuntimeConf{ContainerID: id, NetNS: netns, IfName: "eth0"}
	fail(call(cni, verb, list, pod))
}

func call(cni libcni.CNI, verb string, list *libcni.NetworkConfigList, pod *libcni.RuntimeConf) error {
	switch verb {
	case "add":
		result, err := cni.AddNetworkList(context.Background(), list, pod)
		if err != nil {
			return err
		}
		return result.Print()
	case "check":
		return cni.CheckNetworkList(context.Background(), list, pod)
	case "del":
		return cni.DelNetworkList(context.Background(), list, pod)
	default:
		return fmt.Errorf("unknown verb %q", verb)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
