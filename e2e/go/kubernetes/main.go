// Command kubebed is a Kubernetes control plane and node in one binary: each component is a sub-command, beside an
// embedded etcd and what a test bed needs around them (certificates, a first process for a namespace).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// components are Kubernetes' own commands. Each is made only when it is asked for: making one registers flags and
// metrics of which two sets cannot stand side by side.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

// others are ours.
var others = map[string]func(arguments []string) error{
	"etcd":         etcd,
	"certificates": certificates,
	"image":        image,
	"hold":         hold,
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: kubebed COMPONENT [FLAG]..."))
	}
	name := os.Args[1]
	os.Args = append([]string{name}, os.Args[2:]...)
	if component, ok := components[name]; ok {
		os.Exit(cli.Run(component()))
	}
	run, ok := others[name]
	if !ok {
		fail(fmt.Errorf("there is no component %q", name))
	}
	if err := run(os.Args[1:]); err != nil {
		fail(fmt.Errorf("%s: %w", name, err))
	}
}

// hold is the first process of a namespace: it says that it is there, and does nothing but bury the children it
// inherits, until it is told to end.
func hold([]string) error {
	signal.Ignore(syscall.SIGCHLD)
	fmt.Println("holding")
	untilTold()
	return nil
}

func untilTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	<-told
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
