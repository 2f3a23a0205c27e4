// What the tests have a container be. As the first process of its container it takes no SIGTERM, as many do not.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var id = fmt.Sprint(time.Now().UnixNano())

func write(folder string) bool {
	return os.WriteFile(folder+"/written", []byte("x"), 0o600) == nil
}

// More than it may, and no more than a machine has whose engine lets it.
func grow() {
	for held := [][]byte{}; len(held) < 32; {
		more := make([]byte, 1<<24)
		for i := range more {
			more[i] = 1
		}
		held = append(held, more)
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	said := map[string]any{"id": id, "url": r.URL.String(), "body": string(body), "headers": r.Header}
	switch string(body) {
	case "die":
		fmt.Fprintln(os.Stderr, "it was told to")
		os.Exit(3)
	case "hang":
		<-r.Context().Done()
	case "slow":
		time.Sleep(1500 * time.Millisecond)
	case "grow":
		grow()
	case "write":
		said["wrote"] = map[string]bool{"/": write("/"), "/etc": write("/etc"), "/tmp": write("/tmp"), "/data": write("/data")}
	}
	w.Header().Set("content-type", "application/json")
	json.NewEncoder(w).Encode(said)
}

func main() {
	if len(os.Args) > 1 { // Only whether it can be run.
		return
	}
	signal.Ignore(syscall.SIGTERM)
	err := http.ListenAndServe(":"+os.Getenv("PORT"), http.HandlerFunc(answer))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(4)
}
