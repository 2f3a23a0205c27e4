// A guest of the world of capabilities/wit in Go, by hand: what a generator of bindings would write, without one. It uses what a
// program does: goroutines, a sleep, formatted output, a file that is not there.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"
)

// What the host or the guest was given stays where it is until the call ends.
var held = map[uintptr][]byte{}

func word(at uintptr, i int) uintptr { return uintptr(*(*uint32)(unsafe.Pointer(at + uintptr(4*i)))) }

func bytesAt(at uintptr, i int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(word(at, i))), int(word(at, i+1)))
}

func keep(size, align uint32) uintptr {
	list := make([]byte, size+align)
	at := (uintptr(unsafe.Pointer(&list[0])) + uintptr(align) - 1) &^ (uintptr(align) - 1)
	held[at] = list
	return at
}

//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	at := keep(size, align)
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(at)), size), unsafe.Slice((*byte)(unsafe.Pointer(uintptr(old))), oldSize))
		delete(held, uintptr(old))
	}
	return uint32(at)
}

//go:wasmimport daprlet:capability/host@1.0.0 clock
func clock() float64

func put(at uintptr, words ...uintptr) {
	for i, word := range words {
		*(*uint32)(unsafe.Pointer(at + uintptr(4*i))) = uint32(word)
	}
}

func lent(text []byte) (uintptr, uintptr) {
	at := keep(uint32(len(text))+1, 1)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(at)), len(text)), text)
	return at, uintptr(len(text))
}

//go:wasmexport daprlet:capability/guest@1.0.0#handle
func handle(request uint32) uint32 {
	given := map[string]string{}
	fields, count := word(uintptr(request), 10), int(word(uintptr(request), 11))
	for i := 0; i < count; i++ {
		at := fields + uintptr(16*i)
		given[string(bytesAt(at, 0))] = string(bytesAt(at, 2))
	}
	fmt.Println("asked for", string(bytesAt(uintptr(request), 2)))
	_, missing := os.Open("/etc/passwd")
	time.Sleep(time.Millisecond)
	done := make(chan string)
	go func() { done <- strings.ToUpper(given["name"]) }()
	told, _ := json.Marshal(map[string]any{"hello": <-done, "file": missing != nil, "now": clock() > 0, "args": len(os.Args)})
	step := keep(64, 4)
	at, length := lent(told)
	put(step, 0, 200, 4, 0, at, length)
	return uint32(step)
}

//go:wasmexport cabi_post_daprlet:capability/guest@1.0.0#handle
func posted(step uint32) {
	held = map[uintptr][]byte{}
}

//go:wasmexport daprlet:capability/guest@1.0.0#resume
func resume(results, count uint32) uint32 { panic("nothing was asked") }

func main() {}
