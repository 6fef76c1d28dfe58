import API

/// `assay price …`: what a PFLOP costs, and from when on.
enum PriceCommands {
  static let all = [list, set]

  static let list = Command(
    "price list", "List the versions of the price: everybody's and your tenant's own",
    options: [
      Option("tenant", "NAME", "another tenant (operators; every tenant's unless told)"),
      Option(flag: "csv", "print CSV"),
    ],
    examples: ["assay price list"]
  ) { call in
    let response = try await call.session.prices.listPrices(
      ComputeListPricesRequest(tenant: call.arguments.text("tenant")),
      options: call.session.callOptions)
    let table = Table(
      ["version", "tenant", "valid from", "#€/PFLOP", "tiers"], response.prices
    ) {
      [
        $0.version, $0.tenant, UTCTime.text($0.validFrom),
        Euro.perPFLOP(nanoEuroPerGFLOP: $0.nanoEuroPerGflop), tiers($0),
      ]
    }
    return Answer(response, table, none: "no prices").csv(call.arguments.has("csv"))
  }

  static let set = Command(
    "price set", "Set a further version of the price, for now or later (operators only)",
    details: """
      What was used before keeps the price that it was used at. A tenant's own price holds for it
      whatever everybody's does. Tiers count what a tenant uses in one month at this version.
      """,
    arguments: [Argument("EUR_PER_PFLOP", "such as 0.025, exact to three decimals")],
    options: [
      Option("from", "TIME", "when it begins; now unless told"),
      Option("tenant", "NAME", "a tenant's own price"),
      Option("version", "NAME", "the name that bills quote; made unless told"),
      Option(
        "tier", "PFLOP=EUR", "what lies above so many PFLOP in a month costs this",
        repeats: true),
    ],
    examples: [
      "assay price set 0.03 --from 2027-01-01 --version 2027",
      "assay price set 0.025 --tenant clinic --tier 1000=0.02 --tier 5000=0.015",
    ]
  ) { call in
    let arguments = call.arguments
    var price = ComputePrice(
      version: arguments.text("version"), tenant: arguments.text("tenant"),
      validFrom: try arguments.time("from"))
    price.nanoEuroPerGflop = try rate(arguments.argument("EUR_PER_PFLOP"), arguments)
    for text in arguments.list("tier") {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, let above = PFLOP.gflop(parts[0]) else {
        throw arguments.wrong("tier", text, "PFLOP=EUR, such as 1000=0.02")
      }
      price.tiers.append(
        ComputePriceTier(aboveGflop: above, nanoEuroPerGflop: try rate(parts[1], arguments)))
    }
    let known = try await call.session.prices.setPrice(
      ComputeSetPriceRequest(price: price), options: call.session.callOptions)
    let euro = Euro.perPFLOP(nanoEuroPerGFLOP: known.nanoEuroPerGflop)
    return Answer(
      known, text: "price \(known.version): €\(euro)/PFLOP from \(UTCTime.text(known.validFrom))")
  }

  private static func rate(_ text: String, _ arguments: Arguments) throws -> Int64 {
    guard let rate = Euro.nanoEuroPerGFLOP(text) else {
      throw UsageError(
        "\(quoted(text)): expected euro for a PFLOP with at most three decimals, such as 0.025",
        command: arguments.command)
    }
    return rate
  }

  private static func tiers(_ price: ComputePrice) -> String {
    price.tiers.map { tier in
      "above \(PFLOP.text(gflop: tier.aboveGflop)): "
        + Euro.perPFLOP(nanoEuroPerGFLOP: tier.nanoEuroPerGflop)
    }.joined(separator: ", ")
  }
}
