// Builds a Grype database, schema 6, from a provider's workspace: its metadata.json to OUT.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/anchore/grype/grype/db"
	"github.com/anchore/grype/grype/db/provider"
)

func build(metadata, out string) error {
	state, err := provider.ReadState(metadata)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	// A fixed time: the newest that a scan of these tests may ask for.
	made := time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC)
	return db.Build(db.BuildConfig{SchemaVersion: 6, Directory: out, States: provider.States{*state}, Timestamp: made, Hydrate: true})
}

func main() {
	if err := build(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
