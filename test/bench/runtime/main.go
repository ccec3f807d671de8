// Runs programs one after the other as libcni does (pkg/invoke's RawExec): os/exec with the whole environment, stdin
// from memory, stdout and stderr into memory. Reads one JSON object a run, and answers with one.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"
)

type run struct {
	Program     string            `json:"program"`
	Arguments   []string          `json:"arguments"`
	Environment map[string]string `json:"environment"`
	Stdin       string            `json:"stdin"`
}

type ran struct {
	Milliseconds float64 `json:"milliseconds"`
	// Of the processor, user's and system's together.
	Busy float64 `json:"busy"`
	// Largest resident set, in kilobytes of 1,024 bytes (getrusage(2), ru_maxrss).
	Peak   int64  `json:"peak"`
	Status int    `json:"status"`
	Stdout string `json:"stdout"`
}

func main() {
	runs, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var next run
		if err := runs.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		answer, err := measure(next)
		if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

func measure(next run) (ran, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(next.Program, next.Arguments...)
	for name, value := range next.Environment {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Stdin = bytes.NewBufferString(next.Stdin)
	command.Stdout, command.Stderr = &stdout, &stderr
	started := time.Now()
	err := command.Run()
	took := time.Since(started)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return ran{}, err
	}
	state := command.ProcessState
	busy := state.UserTime() + state.SystemTime()
	var peak int64
	if usage, known := state.SysUsage().(*syscall.Rusage); known {
		peak = usage.Maxrss
	}
	return ran{took.Seconds() * 1000, busy.Seconds() * 1000, peak, state.ExitCode(), stdout.String()}, nil
}
