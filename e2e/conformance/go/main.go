// Command clients tells what client-go and controller-runtime see of an API server, a JSON line for each thing seen.
//
// Usage: clients KUBECONFIG CONTENT-TYPE NAMESPACE STORY, where STORY is one of the keys of stories. It uses the libraries as an
// operator would, with nothing of its own in between, so that a line that is missing is the server's doing.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// patience is how long a story may take: far more than any server needs, and less than the test waits.
const patience = 40 * time.Second

// world is what a story works with.
type world struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
}

var stories = map[string]func(context.Context, world) error{
	"informer":  informer,
	"index":     index,
	"workqueue": queue,
	"election":  election,
	"manager":   controllers,
	"widgets":   widgets,
}

func main() {
	if len(os.Args) != 5 || stories[os.Args[4]] == nil {
		fmt.Fprintln(os.Stderr, "usage: clients KUBECONFIG CONTENT-TYPE NAMESPACE informer|index|workqueue|election|manager|widgets")
		os.Exit(2)
	}
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err == nil {
		config.QPS = -1
		config.ContentType = os.Args[2]
		var client kubernetes.Interface
		if client, err = kubernetes.NewForConfig(config); err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			err = stories[os.Args[4]](ctx, world{config: config, client: client, namespace: os.Args[3]})
			cancel()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var printing sync.Mutex

// saw prints one line.
func saw(what string, fields map[string]any) {
	printing.Lock()
	defer printing.Unlock()
	line := map[string]any{"saw": what}
	for name, value := range fields {
		line[name] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// awaited waits for a value, or for the end of the story's patience.
func awaited[T any](ctx context.Context, values <-chan T) (T, error) {
	select {
	case value := <-values:
		return value, nil
	case <-ctx.Done():
		var nothing T
		return nothing, fmt.Errorf("waited in vain: %w", ctx.Err())
	}
}

func configMap(name, colour string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"colour": colour}},
		Data:       map[string]string{"colour": colour},
	}
}

// retried asks until there is no error any more, or the story's patience ends.
func retried(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("in vain: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
