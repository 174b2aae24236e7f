package main

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/retry"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const finalizer = "conformance.test/copy"

func newManager(w world) (ctrl.Manager, error) {
	ctrl.SetLogger(logr.Discard())
	return ctrl.NewManager(w.config, ctrl.Options{
		Scheme:                 scheme.Scheme,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Cache:                  cache.Options{DefaultNamespaces: map[string]cache.Config{w.namespace: {}}},
	})
}

// copier keeps a copy of each ConfigMap that has the label copy=wanted, and takes it away with its source.
type copier struct {
	client client.Client
	gone   chan<- string
}

// Reconcile brings one copy about.
func (c copier) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var source corev1.ConfigMap
	if err := c.client.Get(ctx, request.NamespacedName, &source); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	copied := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace, Name: request.Name + "-copy"}}
	if !source.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(&source, finalizer) {
			if err := client.IgnoreNotFound(c.client.Delete(ctx, copied)); err != nil {
				return reconcile.Result{}, err
			}
			if err := c.client.Update(ctx, &source); err != nil {
				return reconcile.Result{}, client.IgnoreNotFound(err)
			}
			c.gone <- request.Name
		}
		return reconcile.Result{}, nil
	}
	if controllerutil.AddFinalizer(&source, finalizer) {
		return reconcile.Result{}, c.client.Update(ctx, &source)
	}
	_, err := controllerutil.CreateOrUpdate(ctx, c.client, copied, func() error {
		copied.Data = source.Data
		return controllerutil.SetControllerReference(&source, copied, c.client.Scheme())
	})
	return reconcile.Result{}, err
}

// controllers runs a manager whose reconciler copies ConfigMaps: made, followed, mended, taken away.
func controllers(ctx context.Context, w world) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	manager, err := newManager(w)
	if err != nil {
		return err
	}
	gone, over := make(chan string, 10), make(chan error, 1)
	wanted := predicate.NewPredicateFuncs(func(object client.Object) bool {
		return object.GetLabels()["copy"] == "wanted"
	})
	if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}, builder.WithPredicates(wanted)).
		Owns(&corev1.ConfigMap{}).Named("copies").Complete(copier{client: manager.GetClient(), gone: gone}); err != nil {
		return err
	}
	go func() { over <- manager.Start(running) }()
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	copyIs := func(colour string) error {
		return retried(ctx, func() error {
			one, err := maps.Get(ctx, "source-copy", metav1.GetOptions{})
			if err == nil && one.Data["colour"] != colour {
				err = fmt.Errorf("the copy is %s", one.Data["colour"])
			}
			if err == nil {
				saw("a copy", map[string]any{"data": one.Data, "owner": one.OwnerReferences[0].Name})
			}
			return err
		})
	}
	source := configMap("source", "red")
	source.Labels["copy"] = "wanted"
	for _, act := range []func() error{
		func() error { _, err := maps.Create(ctx, source, metav1.CreateOptions{}); return err },
		func() error { return copyIs("red") },
		func() error {
			return retry.RetryOnConflict(retry.DefaultRetry, func() error {
				now, err := maps.Get(ctx, "source", metav1.GetOptions{})
				if err != nil {
					return err
				}
				now.Data["colour"] = "blue"
				_, err = maps.Update(ctx, now, metav1.UpdateOptions{})
				return err
			})
		},
		func() error { return copyIs("blue") },
		func() error { return maps.Delete(ctx, "source-copy", metav1.DeleteOptions{}) },
		func() error { return copyIs("blue") },
		func() error { return maps.Delete(ctx, "source", metav1.DeleteOptions{}) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	name, err := awaited(ctx, gone)
	if err != nil {
		return err
	}
	_, missing := maps.Get(ctx, name, metav1.GetOptions{})
	saw("gone", map[string]any{"name": name, "missing": apierrors.IsNotFound(missing)})
	stop()
	ended, err := awaited(ctx, over)
	saw("the manager ended", map[string]any{"well": ended == nil})
	return err
}

// widgets reconciles a custom resource without Go types: it says in the status what stands in the specification.
func widgets(ctx context.Context, w world) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	manager, err := newManager(w)
	if err != nil {
		return err
	}
	widget := func() *unstructured.Unstructured {
		one := &unstructured.Unstructured{}
		one.SetGroupVersionKind(schema.GroupVersionKind{Group: "conformance.test", Version: "v1", Kind: "Widget"})
		one.SetNamespace(w.namespace)
		one.SetName("one")
		return one
	}
	reader := manager.GetClient()
	said := reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		one := widget()
		if err := reader.Get(ctx, request.NamespacedName, one); err != nil {
			return reconcile.Result{}, client.IgnoreNotFound(err)
		}
		size, _, _ := unstructured.NestedInt64(one.Object, "spec", "size")
		before := one.DeepCopy()
		if err := unstructured.SetNestedField(one.Object, fmt.Sprintf("size %d", size), "status", "phase"); err != nil {
			return reconcile.Result{}, err
		}
		return reconcile.Result{}, reader.Status().Patch(ctx, one, client.MergeFrom(before))
	})
	if err := ctrl.NewControllerManagedBy(manager).For(widget()).Named("widgets").Complete(said); err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- manager.Start(running) }()
	direct, err := client.New(w.config, client.Options{})
	if err != nil {
		return err
	}
	for _, size := range []int64{3, 5} {
		applied := widget()
		if err := unstructured.SetNestedField(applied.Object, size, "spec", "size"); err != nil {
			return err
		}
		configuration := client.ApplyConfigurationFromUnstructured(applied)
		if err := direct.Apply(ctx, configuration, client.FieldOwner("conformance")); err != nil {
			return err
		}
		if err := retried(ctx, func() error {
			one := widget()
			if err := direct.Get(ctx, client.ObjectKeyFromObject(one), one); err != nil {
				return err
			}
			phase, _, _ := unstructured.NestedString(one.Object, "status", "phase")
			if phase != fmt.Sprintf("size %d", size) {
				return fmt.Errorf("the phase is %q", phase)
			}
			saw("a status", map[string]any{"phase": phase, "generation": one.GetGeneration()})
			return nil
		}); err != nil {
			return err
		}
	}
	stop()
	ended, err := awaited(ctx, over)
	saw("the manager ended", map[string]any{"well": ended == nil})
	return err
}
