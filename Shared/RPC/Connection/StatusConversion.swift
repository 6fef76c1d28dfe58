// Between the errors of this module and `assay.rpc.v1.Status` on the wire.

extension RPCStatus {
  init(_ error: RPCError) {
    self.init()
    code = error.code.rawValue
    message = error.message
    if !error.details.isEmpty { details = RPCStatusDetails(error.details) }
  }
}

extension RPCError {
  /// The error of a received status; nil for OK.
  init?(_ status: RPCStatus) {
    guard status.code != 0 else { return nil }
    self.init(
      StatusCode(wire: status.code), status.message,
      details: status.details.map(StatusDetails.init(_:)) ?? StatusDetails())
  }
}

extension RPCStatusDetails {
  init(_ details: StatusDetails) {
    self.init()
    fieldViolations = details.fieldViolations.map {
      RPCFieldViolation(
        field: $0.field, description: $0.description, line: UInt64($0.line ?? 0),
        column: UInt64($0.column ?? 0))
    }
    retryAfterMilliseconds = details.retryAfterMilliseconds ?? 0
    limit = details.limit.map {
      RPCLimitExceeded(name: $0.name, limit: $0.limit, actual: $0.actual, setting: $0.setting)
    }
    resource = details.resource.map { RPCResourceReference(kind: $0.kind, name: $0.name) }
    hops = details.hops.map {
      RPCHopTime(hop: $0.hop, spentMicroseconds: $0.spentMicroseconds)
    }
    notProcessed = details.notProcessed
    noRetry = details.noRetry
    origin = RPCStatusOrigin(details.origin)
  }
}

extension RPCStatusOrigin {
  init(_ origin: StatusOrigin) {
    self =
      switch origin {
      case .application: .unspecified
      case .malformed: .malformed
      case .unknownService: .unknownService
      case .unknownMethod: .unknownMethod
      case .runtime: .runtime
      }
  }
}

extension StatusOrigin {
  /// A number that a newer peer made up is the application's until we know better.
  init(_ wire: RPCStatusOrigin) {
    self =
      switch wire {
      case .malformed: .malformed
      case .unknownService: .unknownService
      case .unknownMethod: .unknownMethod
      case .runtime: .runtime
      case .unspecified, .unrecognized: .application
      }
  }
}

extension StatusDetails {
  init(_ wire: RPCStatusDetails) {
    self.init()
    fieldViolations = wire.fieldViolations.map {
      FieldViolation(
        field: $0.field, description: $0.description,
        line: $0.line == 0 ? nil : Int(clamping: $0.line),
        column: $0.column == 0 ? nil : Int(clamping: $0.column))
    }
    retryAfterMilliseconds = wire.retryAfterMilliseconds == 0 ? nil : wire.retryAfterMilliseconds
    limit = wire.limit.map {
      LimitExceeded(name: $0.name, limit: $0.limit, actual: $0.actual, setting: $0.setting)
    }
    resource = wire.resource.map { ResourceReference(kind: $0.kind, name: $0.name) }
    hops = wire.hops.map { HopTime(hop: $0.hop, spentMicroseconds: $0.spentMicroseconds) }
    notProcessed = wire.notProcessed
    noRetry = wire.noRetry
    origin = StatusOrigin(wire.origin)
  }
}

extension Metadata {
  init(_ wire: [RPCMetadataEntry]) {
    self.init()
    for entry in wire { add(entry.key, entry.value) }
  }

  var wire: [RPCMetadataEntry] {
    entries.map { RPCMetadataEntry(key: $0.key, value: $0.value) }
  }
}
