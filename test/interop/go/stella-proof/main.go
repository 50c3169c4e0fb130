// stella-proof checks, with Tessera's own client library, that every entry of a tile log is included in its newest
// checkpoint and that the tree grew consistently from every earlier size. It prints one line and exits 1 on any failure.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := check(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(ctx context.Context, address, vkey string) error {
	base, err := url.Parse(address)
	if err != nil {
		return err
	}
	log, err := client.NewHTTPFetcher(base, nil)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	checkpoint, _, _, err := client.FetchCheckpoint(ctx, log.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, log.ReadTile)
	if err != nil {
		return err
	}
	hasher := rfc6962.DefaultHasher
	growing := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	for index := uint64(0); index < checkpoint.Size; index++ {
		bundle, err := client.GetEntryBundle(ctx, log.ReadEntryBundle, index/256, checkpoint.Size)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		path, err := builder.InclusionProof(ctx, index)
		if err != nil {
			return fmt.Errorf("proof of entry %d: %w", index, err)
		}
		leaf := hasher.HashLeaf(bundle.Entries[index%256])
		if err := proof.VerifyInclusion(hasher, index, checkpoint.Size, leaf, path, checkpoint.Hash); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if err := growing.Append(leaf, nil); err != nil {
			return err
		}
		root, err := growing.GetRootHash(nil)
		if err != nil {
			return err
		}
		path, err = builder.ConsistencyProof(ctx, index+1, checkpoint.Size)
		if err != nil {
			return fmt.Errorf("consistency from %d: %w", index+1, err)
		}
		if err := proof.VerifyConsistency(hasher, index+1, checkpoint.Size, path, root, checkpoint.Hash); err != nil {
			return fmt.Errorf("consistency from %d: %w", index+1, err)
		}
	}
	fmt.Printf("verified %d inclusion and %d consistency proofs\n", checkpoint.Size, checkpoint.Size)
	return nil
}
