// Reads signature cases as JSON lines and answers what Go's standard library thinks of each.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct{ Kind, PublicKey, Message, Signature string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		key, _ := hex.DecodeString(c.PublicKey)
		message, _ := hex.DecodeString(c.Message)
		signature, _ := hex.DecodeString(c.Signature)
		fmt.Println(verify(c.Kind, key, message, signature))
	}
}

func verify(kind string, key, message, signature []byte) bool {
	if kind == "ed25519" {
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, signature)
	}
	parsed, err := x509.ParsePKIXPublicKey(key)
	if err != nil {
		return false
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	digest := sha256.Sum256(message)
	return ok && ecdsa.VerifyASN1(public, digest[:], signature)
}
