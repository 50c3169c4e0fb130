// Reads base64 texts and notes as one JSON object and answers what Go thinks of each.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	var in struct {
		Vkey          string
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
	}
	for _, text := range in.Base64 {
		decoded, _ := hex.DecodeString(text)
		_, err := base64.StdEncoding.Strict().DecodeString(string(decoded))
		out.Base64 = append(out.Base64, err == nil)
	}
	for _, text := range in.Notes {
		decoded, _ := hex.DecodeString(text)
		_, err := note.Open(decoded, note.VerifierList(verifier))
		out.Notes = append(out.Notes, err == nil)
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
