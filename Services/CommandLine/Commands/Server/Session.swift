import API
import RPC
import Synchronization
import Transport

/// One caller's connection to a gateway, opened at the first call.
final class Session: Sendable {
  private struct Connection {
    let group: EventLoopGroup
    let channel: Channel
  }

  let options: ConnectionOptions
  private let connection = Mutex<Connection?>(nil)

  init(_ options: ConnectionOptions) { self.options = options }

  /// The channel, made when it is asked for first.
  ///
  /// - Throws: `CommandFailure` if the certificates cannot be used.
  var channel: Channel {
    get throws {
      try connection.withLock { connection in
        if let connection { return connection.channel }
        let made = try connect()
        connection = made
        return made.channel
      }
    }
  }

  private func connect() throws -> Connection {
    let group = EventLoopGroup(loopCount: 1, name: "assay")
    do {
      let connector = try SocketConnector(
        name: "gateway \(options.endpoint)", target: options.endpoint,
        tls: TLSClientOptions(caFile: options.ca.isEmpty ? nil : options.ca), group: group)
      return Connection(group: group, channel: Channel(connector))
    } catch {
      group.shutDown()
      throw CommandFailure("cannot connect to \(options.endpoint): \(error)")
    }
  }

  /// Closes the connection, if there is one.
  func close() {
    let open = connection.withLock { connection in
      defer { connection = nil }
      return connection
    }
    open?.channel.shutDown()
    open?.group.shutDown()
  }

  /// How each call is made. Without `--timeout`, a method's own deadline applies: 30 s for what
  /// answers at once, an hour for uploads, none for what is watched.
  var callOptions: CallOptions {
    var call = CallOptions()
    call.credential = options.key
    call.timeoutMilliseconds = options.timeoutMilliseconds
    return call
  }

  var identity: IdentityIdentityClient { get throws { IdentityIdentityClient(try channel) } }
  var health: RPCHealthClient { get throws { RPCHealthClient(try channel) } }
  var useCases: CatalogUseCasesClient { get throws { CatalogUseCasesClient(try channel) } }
  var invites: CatalogInvitesClient { get throws { CatalogInvitesClient(try channel) } }
  var metadatasets: CatalogMetadatasetsClient {
    get throws { CatalogMetadatasetsClient(try channel) }
  }
  var datasets: EvaluationDatasetsClient { get throws { EvaluationDatasetsClient(try channel) } }
  var submissions: EvaluationSubmissionsClient {
    get throws { EvaluationSubmissionsClient(try channel) }
  }
  var leaderboards: EvaluationLeaderboardsClient {
    get throws { EvaluationLeaderboardsClient(try channel) }
  }
  var monitor: EvaluationMonitorClient { get throws { EvaluationMonitorClient(try channel) } }
  var runs: ComputeRunsClient { get throws { ComputeRunsClient(try channel) } }
  var budgets: ComputeBudgetsClient { get throws { ComputeBudgetsClient(try channel) } }
  var ledger: ComputeLedgerClient { get throws { ComputeLedgerClient(try channel) } }
  var billing: ComputeBillingClient { get throws { ComputeBillingClient(try channel) } }
  var prices: ComputePricesClient { get throws { ComputePricesClient(try channel) } }
  var invoices: ComputeInvoicesClient { get throws { ComputeInvoicesClient(try channel) } }
}
