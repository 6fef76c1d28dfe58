import ComputeBilling
import ComputeDomain
import Foundation
import RPC
import ServiceKit
import Storage

/// The executable `assay-compute`.
public enum ComputeProgram: ServiceProgram {
  public static let name = "assay-compute"
  public static let summary =
    "The compute ledger: budgets, training runs, prices and the bill, metered in PFLOP."
  public static let defaultListen = "127.0.0.1:7103"

  public static let options = [
    OptionSpec(
      "hold-idle", .milliseconds(1_000...86_400_000), default: "10m",
      help: "how long a run may be silent before its hold expires"),
    OptionSpec(
      "slice-seconds", .integer(1...3_600), default: "10",
      help: "a run reserves what it uses in this time at its declared rate"),
    OptionSpec(
      "slice-minimum", .text, default: "1",
      help: "PFLOP that a run reserves at least, such as 1 or 0.5"),
    .path(
      "vat-rates",
      help: "further VAT rates, one a line, such as: DE 2027-01-01 19 (country, day, percent)"),
  ]

  public static let commands = [
    ServiceCommand(
      "verify",
      summary: "replay the ledger, also beside a running service; names the first "
        + "entry that does not fit",
      run: verify),
    ServiceCommand(
      "backup", arguments: "FILE", summary: "copy the database, also beside a running service",
      run: backup),
    ServiceCommand(
      "restore", arguments: "FILE",
      summary: "replace the database by a backup that verifies, while the service is stopped",
      options: [
        .flag(
          "force",
          help: "restore though entries, prices, invoices or payments are lost that the backup "
            + "lacks")
      ],
      run: restore),
  ]

  public static func start(_ process: ServiceProcess) async throws -> RunningService {
    let log = process.log
    let database = try ComputeCore.openDatabase(
      path: databasePath(process), clock: process.clock)
    database.onDiskFailure { process.endForRestart($0) }
    let core = ComputeCore(
      database: database, clock: process.clock, settings: try settings(process.options),
      report: { log.error($0) })
    register(database, process.metrics)
    let keeper = Task { await HoldKeeper(core).run() }
    return RunningService(
      router: core.router(),
      drain: { core.closeStreams() },
      stop: {
        keeper.cancel()
        await keeper.value
        await database.close()
      })
  }

  static func databasePath(_ process: ServiceProcess) -> String {
    "\(process.dataDirectory)/compute.sqlite"
  }

  private static func settings(_ options: Options) throws -> ComputeSettings {
    let minimum: GFLOP
    do { minimum = try GFLOP(pflopText: options.text("slice-minimum")) } catch {
      throw ServiceFailure("--slice-minimum: \(error)")
    }
    guard minimum > .zero, minimum <= ComputeLimits.maximumGFLOP else {
      throw ServiceFailure(
        "--slice-minimum: more than 0, at most \(ComputeLimits.maximumGFLOP.pflopText)")
    }
    return ComputeSettings(
      slices: SlicePolicy(
        seconds: Int64(options.int("slice-seconds")), minimum: minimum),
      holdIdleMilliseconds: Int64(options.milliseconds("hold-idle")),
      vatRates: try vatRates(options.optionalText("vat-rates")))
  }

  /// The rates that are known, and those of an operator's file.
  static func vatRates(_ file: String?) throws -> VATRates {
    guard let file else { return .union }
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw ServiceFailure("--vat-rates: \(file) is no file that can be read as UTF-8")
    }
    do { return try VATRates.union.changed(by: text) } catch {
      throw ServiceFailure("--vat-rates: \(file): \(error)")
    }
  }

  private static func register(_ database: Database, _ metrics: MetricsRegistry) {
    metrics.gauge("assay_compute_writes_waiting", help: "Commands that wait for the ledger.") {
      Int64(database.statistics.waitingWrites)
    }
    metrics.gauge("assay_compute_log_pages", help: "Pages that wait in the write-ahead log.") {
      Int64(database.statistics.pagesInLog)
    }
    metrics.gauge(
      "assay_compute_failed_checkpoints",
      help: "Times that pages could not be moved from the log into the database file."
    ) { Int64(clamping: database.statistics.failedCheckpoints) }
    metrics.gauge("assay_compute_commits", help: "Transactions committed since the start.") {
      Int64(clamping: database.statistics.commits)
    }
  }
}
