package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var everything = labels.Everything()

// election has two candidates for one Lease: the first leads and gives it back, then the second leads.
func election(ctx context.Context, w world) error {
	leading := make(chan string, 10)
	candidate := func(identity string) (context.CancelFunc, <-chan struct{}) {
		own, stop := context.WithCancel(ctx)
		over := make(chan struct{})
		go func() {
			defer close(over)
			leaderelection.RunOrDie(own, leaderelection.LeaderElectionConfig{
				Lock: &resourcelock.LeaseLock{
					LeaseMeta:  metav1.ObjectMeta{Namespace: w.namespace, Name: "the-lead"},
					Client:     w.client.CoordinationV1(),
					LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
				},
				LeaseDuration:   3 * time.Second,
				RenewDeadline:   2 * time.Second,
				RetryPeriod:     200 * time.Millisecond,
				ReleaseOnCancel: true,
				Callbacks: leaderelection.LeaderCallbacks{
					OnStartedLeading: func(context.Context) { leading <- identity },
					OnStoppedLeading: func() {},
				},
			})
		}()
		return stop, over
	}
	held := func() error {
		lease, err := w.client.CoordinationV1().Leases(w.namespace).Get(ctx, "the-lead", metav1.GetOptions{})
		if err != nil {
			return err
		}
		saw("the lease", map[string]any{"holder": lease.Spec.HolderIdentity, "transitions": lease.Spec.LeaseTransitions,
			"seconds": lease.Spec.LeaseDurationSeconds})
		return nil
	}
	stopFirst, firstOver := candidate("first")
	leader, err := awaited(ctx, leading)
	if err != nil {
		return err
	}
	saw("leader", map[string]any{"identity": leader})
	if err := held(); err != nil {
		return err
	}
	stopSecond, secondOver := candidate("second")
	stopFirst()
	if _, err := awaited(ctx, firstOver); err != nil {
		return err
	}
	if leader, err = awaited(ctx, leading); err != nil {
		return err
	}
	saw("leader", map[string]any{"identity": leader})
	if err := held(); err != nil {
		return err
	}
	stopSecond()
	_, err = awaited(ctx, secondOver)
	return errorOr(err, held)
}

func errorOr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}
