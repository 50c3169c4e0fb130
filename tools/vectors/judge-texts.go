// Reads base64 texts and notes as one JSON object and answers what Go, and of notes what Rekor's reader, thinks of each.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"

	"github.com/sigstore/rekor/pkg/util"
	"golang.org/x/mod/sumdb/note"
)

// Rekor's reader verifies under its own key ids alone: what it read is verified here, as a client of a C2SP log would.
func rekorOpens(text []byte, verifier note.Verifier, key ed25519.PublicKey) bool {
	var signed util.SignedNote
	if signed.UnmarshalText(text) != nil {
		return false
	}
	found := false
	for _, line := range signed.Signatures {
		if line.Name != verifier.Name() || line.Hash != verifier.KeyHash() {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(line.Base64)
		if err != nil || !ed25519.Verify(key, []byte(signed.Note), signature) {
			return false
		}
		found = true
	}
	return found
}

func main() {
	var in struct {
		Vkey, Key     string
		Base64, Notes []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	verifier, err := note.NewVerifier(in.Vkey)
	if err != nil {
		panic(err)
	}
	var out struct {
		Base64 []bool `json:"base64"`
		Notes  []bool `json:"notes"`
		Rekor  []bool `json:"rekor"`
	}
	key, _ := hex.DecodeString(in.Key)
	for _, text := range in.Base64 {
		decoded, _ := hex.DecodeString(text)
		_, err := base64.StdEncoding.Strict().DecodeString(string(decoded))
		out.Base64 = append(out.Base64, err == nil)
	}
	for _, text := range in.Notes {
		decoded, _ := hex.DecodeString(text)
		_, err := note.Open(decoded, note.VerifierList(verifier))
		out.Notes = append(out.Notes, err == nil)
		out.Rekor = append(out.Rekor, rekorOpens(decoded, verifier, key))
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
