// Judges chains as crypto/tls does: one JSON object a line, one answer a line, as oracle.py describes.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"
)

type chain struct {
	Sent    [][]byte `json:"sent"`
	Trusted [][]byte `json:"trusted"`
	Host    string   `json:"host"`
	At      int64    `json:"at"`
}

func judge(line []byte) (answer string) {
	defer func() {
		if panicked := recover(); panicked != nil {
			answer = fmt.Sprint("panic: ", panicked)
		}
	}()
	var chain chain
	if err := json.Unmarshal(line, &chain); err != nil {
		panic(err)
	}
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	for _, der := range chain.Trusted {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return "the trusted certificate cannot be parsed: " + err.Error()
		}
		roots.AddCert(root)
	}
	var leaf *x509.Certificate
	for index, der := range chain.Sent {
		// A client parses all that the server sends before it verifies any.
		one, err := x509.ParseCertificate(der)
		if err != nil {
			return "cannot be parsed: " + err.Error()
		}
		if index == 0 {
			leaf = one
		} else {
			others.AddCert(one)
		}
	}
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: others, DNSName: chain.Host, CurrentTime: time.Unix(chain.At, 0),
	}
	if _, err := leaf.Verify(options); err != nil {
		return err.Error()
	}
	// As in verifyServerCertificate of crypto/tls.
	switch leaf.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return ""
	default:
		return fmt.Sprintf("unsupported type of public key: %T", leaf.PublicKey)
	}
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	output := json.NewEncoder(os.Stdout)
	output.Encode(runtime.Version())
	for input.Scan() {
		output.Encode(map[string]string{"Go": judge(input.Bytes())})
	}
}
