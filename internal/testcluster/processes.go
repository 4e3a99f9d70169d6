//go:build linux

package testcluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// processes are the cluster's components. They die with this process.
type processes struct {
	dir    string // where they run, and in it logs/NAME.log
	starts chan func()

	mu      sync.Mutex // guards running
	running map[string]*component
}

// component is one process. It may be started again after it was stopped.
type component struct {
	name  string
	argv  []string
	env   []string // in addition
	cmd   *exec.Cmd
	ended chan struct{}
}

// newProcesses starts all of them from one thread that lives as long as this
// process: the kernel kills a child when the thread that started it ends.
func newProcesses(dir string) *processes {
	p := &processes{dir: dir, starts: make(chan func()), running: map[string]*component{}}
	go func() {
		runtime.LockOSThread()
		for start := range p.starts {
			start()
		}
	}()
	return p
}

func (p *processes) logs() string { return filepath.Join(p.dir, "logs") }

// start adds to the component's log what it prints.
func (p *processes) start(c component) error {
	if err := os.MkdirAll(p.logs(), 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(p.logs(), c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd, c.ended = exec.Command(c.argv[0], c.argv[1:]...), make(chan struct{})
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = p.dir, log, log
	c.cmd.Env = append(os.Environ(), c.env...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	p.starts <- func() { started <- c.cmd.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("starting %s: %w", c.name, err)
	}
	go func() {
		_ = c.cmd.Wait() // its log says why it ended
		close(c.ended)
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[c.name] = &c
	return nil
}

// kill ends the component at once and gives what starts it again.
func (p *processes) kill(name string) (component, error) {
	p.mu.Lock()
	c, ok := p.running[name]
	delete(p.running, name)
	p.mu.Unlock()
	if !ok {
		return component{}, fmt.Errorf("%s does not run", name)
	}
	_ = c.cmd.Process.Kill() // it may have ended by itself
	<-c.ended
	return component{name: c.name, argv: c.argv, env: c.env}, nil
}

// among are those of the names whose components run.
func (p *processes) among(names ...string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(names, func(name string) bool { _, runs := p.running[name]; return !runs })
}

func (p *processes) stopAll() {
	p.mu.Lock()
	names := slices.Collect(maps.Keys(p.running))
	p.mu.Unlock()
	for _, name := range names {
		_, _ = p.kill(name) // another may have been as quick
	}
}

// dead names a component that ended by itself, and the last that it said.
func (p *processes) dead() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, c := range p.running {
		select {
		case <-c.ended:
			return fmt.Errorf("%s ended (%s); the last it said:\n%s", name, c.cmd.ProcessState, p.lastWords(name))
		default:
		}
	}
	return nil
}

// lastWords is the end of the component's log.
func (p *processes) lastWords(name string) string {
	const lines = 15
	text, err := os.ReadFile(filepath.Join(p.logs(), name+".log"))
	if err != nil {
		return err.Error()
	}
	all := slices.Collect(strings.Lines(string(text)))
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// await asks until there is no error, and gives the last one where that takes
// too long or a component has ended.
func (p *processes) await(ctx context.Context, what string, within time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for last := error(nil); ; {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		if last != nil && ctx.Err() != nil {
			err = last // what the deadline cut short tells less
		}
		last = err
		if dead := p.dead(); dead != nil {
			return fmt.Errorf("waiting for %s: %w", what, errors.Join(err, dead))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting %v for %s: %w", within, what, err)
		case <-tick.C:
		}
	}
}
