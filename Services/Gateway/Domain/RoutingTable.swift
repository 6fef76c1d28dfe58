/// Which backend answers which service, by the service's proto package:
/// `assay.catalog.v1.UseCases` is answered by `catalog`.
///
/// Built from the names in the schemas, so that a new service of a known package is routed without
/// a change here, and a name that no schema has is routed nowhere.
public struct RoutingTable: Sendable, Equatable {
  private let backends: [String: String]

  /// - Parameters:
  ///   - services: full proto names of all services.
  ///   - backends: the packages' second parts that are forwarded: "catalog", "compute".
  public init(services: [String], backends: Set<String>) {
    var table: [String: String] = [:]
    for service in services {
      let parts = service.split(separator: ".")
      guard parts.count == 4, parts[0] == "assay", backends.contains(String(parts[1])) else {
        continue
      }
      table[service] = String(parts[1])
    }
    self.backends = table
  }

  /// The backend of a service, by its full proto name; nil if none answers it.
  public func backend(of service: String) -> String? { backends[service] }

  public var services: [String] { backends.keys.sorted() }
}
