import CatalogDomain
import ServiceKit
import Storage

/// What Prometheus is told of the catalogue, read every few seconds: a scrape does not wait for the
/// database.
struct CatalogGauges: Sendable {
  private static let pause = Duration.seconds(5)

  private let catalog: Catalog
  private let pending: Gauge
  private let mails: Gauge
  private let useCases: [(state: UseCaseState, gauge: Gauge)]

  init(_ registry: MetricsRegistry, _ catalog: Catalog) {
    self.catalog = catalog
    pending = registry.gauge(
      "assay_catalog_outbox_pending", help: "Snapshots that are not delivered yet.")
    mails = registry.gauge(
      "assay_catalog_mails_waiting", help: "Invites that are still to be mailed.")
    useCases = UseCaseState.allCases.map { state in
      (
        state,
        registry.gauge(
          "assay_catalog_use_cases", help: "Use cases by state.",
          labels: ["state": state.rawValue])
      )
    }
  }

  /// Reads until cancelled.
  func run() async {
    while !Task.isCancelled {
      await read()
      try? await Task.sleep(for: Self.pause)
    }
  }

  /// A reading that fails leaves the last one; the log has the reason from whoever needed it.
  private func read() async {
    if let count = try? await catalog.outbox.pending() { pending.set(Double(count)) }
    if let count = try? await catalog.database.read({ try $0.waitingMailCount() }) {
      mails.set(Double(count))
    }
    guard let counts = try? await catalog.database.read({ try $0.useCaseCounts() }) else { return }
    for (state, gauge) in useCases { gauge.set(Double(counts[state] ?? 0)) }
  }
}
