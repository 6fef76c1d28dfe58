import API
import ComputeDomain
import RPC

extension ComputeCore {
  /// The alerts that were told: all for the owning tenant, else the caller's own.
  func listAlerts(
    _ request: ComputeListAlertsRequest, _ call: CallIdentity
  ) async throws -> ComputeListAlertsResponse {
    let limit = try PageToken.limit(request.pageSize)
    return ComputeListAlertsResponse(
      alerts: try await alerts(
        request.useCaseId, after: request.afterId, limit: limit, call,
        by: .tenant(call.scope.tenant)))
  }

  /// Hands the alerts that were told to `send`, and then each as soon as it is told.
  ///
  /// What the caller may see is looked up each time; and it must prove anew who it is, and watch
  /// again, when its proof of that expires.
  func watchAlerts(
    _ request: ComputeWatchAlertsRequest, _ call: CallIdentity,
    send: (ComputeAlert) async throws -> Void
  ) async throws {
    _ = try await access(call, request.useCaseId)
    let watch = try alertWatchers.begin(for: call, request.useCaseId)
    defer { alertWatchers.end(watch) }
    var last = request.afterId
    func catchUp() async throws {
      while true {
        let told = try await alerts(
          request.useCaseId, after: last, limit: PageToken.maximumLimit, call, by: .watcher)
        for alert in told { try await send(alert) }
        last = told.last?.id ?? last
        if told.count < PageToken.maximumLimit { return }
      }
    }
    try await catchUp()
    for await _ in watch.changes {
      try Watchers.check(call, at: clock.now())
      try await catchUp()
    }
    throw try alertWatchers.reasonOfEnd()
  }

  private func alerts(
    _ useCase: String, after id: Int64, limit: Int, _ call: CallIdentity, by asker: LedgerAsker
  ) async throws -> [ComputeAlert] {
    let access = try await access(call, useCase, by: asker)
    return try await read { db in
      let names = try ParticipantStore.names(db, useCase: useCase)
      let told = try AlertStore.page(
        db, useCase: useCase, participants: access.oversees ? nil : access.own.map(\.id),
        after: id, limit: limit)
      return told.map { ComputeAlert($0, name: names[$0.alert.participant] ?? "") }
    }
  }
}
