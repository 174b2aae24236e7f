package main

import (
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// informer follows the ConfigMaps of one colour: what was there, what comes, what changes into and out of the colour.
func informer(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	for _, made := range []*corev1.ConfigMap{configMap("first", "red"), configMap("second", "blue")} {
		if _, err := maps.Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(w.client, 0, informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "colour=red" }))
	watched := factory.Core().V1().ConfigMaps()
	seen := make(chan struct{}, 100)
	told := func(what string, object any) {
		if lost, isLost := object.(cache.DeletedFinalStateUnknown); isLost {
			object = lost.Obj
		}
		one := object.(*corev1.ConfigMap)
		saw(what, map[string]any{"name": one.Name, "data": one.Data})
		seen <- struct{}{}
	}
	if _, err := watched.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { told("added", object) },
		UpdateFunc: func(_, object any) { told("updated", object) },
		DeleteFunc: func(object any) { told("deleted", object) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	synced := factory.WaitForCacheSync(ctx.Done())
	for kind, done := range synced {
		saw("synced", map[string]any{"kind": kind.String(), "done": done})
	}
	if _, err := awaited(ctx, seen); err != nil {
		return err
	}
	third := configMap("third", "red")
	third.Data["size"] = "large"
	red, none := configMap("second", "red"), metav1.DeleteOptions{}
	acts := []func() error{
		func() error { _, err := maps.Create(ctx, third, metav1.CreateOptions{}); return err },
		func() error { _, err := maps.Update(ctx, red, metav1.UpdateOptions{}); return err },
		func() error {
			red.Data["size"] = "small"
			_, err := maps.Update(ctx, red, metav1.UpdateOptions{})
			return err
		},
		func() error {
			_, err := maps.Update(ctx, configMap("second", "blue"), metav1.UpdateOptions{})
			return err
		},
		func() error { return maps.Delete(ctx, "third", none) },
	}
	for _, act := range acts {
		if err := act(); err != nil {
			return err
		}
		if _, err := awaited(ctx, seen); err != nil {
			return err
		}
	}
	left, err := watched.Lister().ConfigMaps(w.namespace).List(everything)
	for _, one := range left {
		saw("in the cache", map[string]any{"name": one.Name})
	}
	return err
}

// index looks objects up in an informer's cache by what they hold.
func index(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	for number := range 30 {
		made := configMap(fmt.Sprintf("map-%02d", number), []string{"red", "green", "blue"}[number%3])
		if _, err := maps.Create(ctx, made, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(w.client, 0, informers.WithNamespace(w.namespace))
	watched := factory.Core().V1().ConfigMaps().Informer()
	if err := watched.AddIndexers(cache.Indexers{"colour": func(object any) ([]string, error) {
		return []string{object.(*corev1.ConfigMap).Data["colour"]}, nil
	}}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for _, colour := range []string{"red", "green", "blue", "grey"} {
		found, err := watched.GetIndexer().ByIndex("colour", colour)
		if err != nil {
			return err
		}
		saw("of one colour", map[string]any{"colour": colour, "count": len(found)})
	}
	return nil
}

// queue copies ConfigMaps through a rate limited workqueue whose worker fails at its first try of each.
func queue(ctx context.Context, w world) error {
	maps := w.client.CoreV1().ConfigMaps(w.namespace)
	work := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	defer work.ShutDown()
	factory := informers.NewSharedInformerFactoryWithOptions(w.client, 0, informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "colour" }))
	if _, err := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) {
			if one := object.(*corev1.ConfigMap); one.Labels["copy"] == "" {
				work.Add(one.Name)
			}
		},
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	var tries atomic.Int64
	done := make(chan string, 10)
	lister := factory.Core().V1().ConfigMaps().Lister().ConfigMaps(w.namespace)
	go func() {
		for {
			name, over := work.Get()
			if over {
				return
			}
			tries.Add(1)
			source, err := lister.Get(name)
			if work.NumRequeues(name) == 0 {
				err = fmt.Errorf("the first try of %s fails", name)
			}
			if err == nil {
				copied := configMap("copy-of-"+name, source.Data["colour"])
				copied.Labels["copy"] = "yes"
				_, err = maps.Create(ctx, copied, metav1.CreateOptions{})
			}
			if err != nil {
				work.AddRateLimited(name)
			} else {
				work.Forget(name)
				done <- name
			}
			work.Done(name)
		}
	}()
	for _, name := range []string{"one", "two", "three"} {
		if _, err := maps.Create(ctx, configMap(name, "red"), metav1.CreateOptions{}); err != nil {
			return err
		}
		if _, err := awaited(ctx, done); err != nil {
			return err
		}
	}
	saw("tries", map[string]any{"count": tries.Load()})
	copies, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "copy=yes"})
	if err == nil {
		for _, one := range copies.Items {
			saw("copied", map[string]any{"name": one.Name})
		}
	}
	return err
}
