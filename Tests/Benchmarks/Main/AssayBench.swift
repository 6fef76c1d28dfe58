import Foundation
import Glibc

/// `assay-bench`: what the codec, the RPC, the metrics and the ledger do on this machine.
@main
enum AssayBench {
  private static let usage = """
    assay-bench: measures the codec, the RPC runtime, the metrics and the ledger.

    Usage: assay-bench rpc [options]     calls between two processes of this machine
           assay-bench codec [options]   messages to bytes and back
           assay-bench metrics [options] scores of arrays in memory, and of files
           assay-bench ledger [options]  durable transfers through assay-compute
           assay-bench billing [options] an invoice over many usage records

    Options of rpc:
      --shape unary|upload|idle   what to do (unary)
      --payload BYTES             of each message (64; upload: 262144)
      --connections N             from one client (1; idle: 10000)
      --outstanding N             calls at once on each connection (1)
      --seconds S                 how long to measure, after a warm-up of half a second (3)
      --server-loops N            event loops of the server (1)
      --tls                       over TLS 1.3, P-256
      --pin                       both processes on one core
      --allocations               count the server's allocations per call, too
      --megabytes N               upload: how much in all (1024)

    Options of codec:
      --seconds S                 for each measurement (0.5)

    Options of metrics, on the data that Tests/Benchmarks/peers/metrics/run --generate makes:
      --case NAME,NAME            which of the cases (all)
      --repetitions N             of each (5)
      --workers N                 threads (2)

    Options of ledger:
      --clients N                 each with one call at a time (256)
      --connections N             that they share, as behind a gateway (4)
      --participants N            whose accounts they use (64)
      --server-loops N            event loops of the server (1)
      --data DIR                  where the database is made (the current folder)
      --seconds S                 how long to measure, after a warm-up of half a second (5)

    Options of billing:
      --records N                 of one tenant's month (1000000)
      --repetitions N             how often the draft is made; the median counts (3)
      --data DIR                  where the database is made (the current folder)

    Options of all:
      --json                      one JSON object a line
    """

  /// Not on the main actor: its executor would be in the way of the loops.
  static func main() async {
    #if DEBUG
      fail("this is a debug build, whose figures mean nothing: swift run -c release assay-bench")
    #else
      var words = Array(CommandLine.arguments.dropFirst())
      guard let command = words.first, command != "--help", command != "-h" else {
        print(usage)
        return
      }
      words.removeFirst()
      if words.contains("--help") || words.contains("-h") { return print(usage) }
      do {
        let arguments = try BenchArguments(words)
        switch command {
        case "rpc": try await RPCBench(arguments).run()
        case "rpc-server": try await BenchServer.run(arguments)
        case "ledger": try await LedgerBench(arguments).run()
        case "billing": try await BillingBench(arguments).run()
        case "codec": try CodecBench(arguments).run()
        case "metrics": try MetricsBench(arguments).run()
        default: throw BenchError("no such command: \(command)\n\n\(usage)")
        }
      } catch {
        fail("\(error)")
      }
      // Loops still run; their destructors are not worth waiting for.
      fflush(nil)
      _exit(0)
    #endif
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("assay-bench: \(message)\n".utf8))
    exit(2)
  }
}

/// A wrong command line, or a measurement that could not be made.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
