// Builds a Trivy database from plain OSV records: CACHE/osv/*.json to OUT.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/ecosystem"
	"github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy-db/pkg/vulndb"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/osv"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/vulnerability"
)

// Trivy looks a package up in the sources it knows; one of their names carries our records.
const source = vulnerability.GHSA

var ecosystems = []ecosystem.Type{
	ecosystem.Cargo, ecosystem.Composer, ecosystem.Go, ecosystem.Maven,
	ecosystem.Npm, ecosystem.NuGet, ecosystem.Pip, ecosystem.RubyGems,
}

func build(cache, out string) error {
	if err := db.Init(out); err != nil {
		return err
	}
	defer db.Close()
	sources := map[ecosystem.Type]types.DataSource{}
	for _, one := range ecosystems {
		sources[one] = types.DataSource{ID: source, Name: fmt.Sprintf("pinned %s", one)}
	}
	reader := osv.New("osv", source, sources)
	builder := vulndb.New(cache, out, 100000*time.Hour, vulndb.WithVulnSrcs(map[types.SourceID]vulnsrc.VulnSrc{source: reader}))
	return builder.Build([]string{string(source)})
}

func main() {
	if err := build(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
