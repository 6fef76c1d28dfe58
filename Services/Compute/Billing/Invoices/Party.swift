import ComputeDomain

/// Who sells or buys, as an invoice has to name them.
public struct Party: Sendable, Hashable {
  public var name: String
  public var street: String
  public var city: String
  public var postalCode: String
  /// ISO 3166-1, two letters.
  public var country: String
  /// With the country's letters; empty for who has none.
  public var vatID: String
  /// Number in a register of companies.
  public var registration: String
  public var email: String

  public init(
    name: String, street: String = "", city: String = "", postalCode: String = "",
    country: String, vatID: String = "", registration: String = "", email: String = ""
  ) {
    self.name = name
    self.street = street
    self.city = city
    self.postalCode = postalCode
    self.country = country
    self.vatID = vatID
    self.registration = registration
    self.email = email
  }

  /// Whether a confirmation of one is one of the other: all but the e-mail address tells who it is.
  public func isSameBuyer(as other: Party) -> Bool {
    var other = other
    other.email = email
    return self == other
  }

  static func isCountry(_ code: String) -> Bool {
    code.utf8.count == 2 && code.utf8.allSatisfy { 65...90 ~= $0 }
  }

  /// - Throws: what an invoice could not be made with.
  public func check() throws(BillingFault) {
    guard !name.isEmpty else { throw .missing("the name of a party") }
    guard Self.isCountry(country) else { throw .unknownCountry(country) }
    let texts = [name, street, city, postalCode, registration, email]
    guard texts.allSatisfy({ $0.utf8.count <= BillingLimits.maximumTextBytes }) else {
      throw .bad(
        "name or address", expected: "at most \(BillingLimits.maximumTextBytes) bytes")
    }
    guard texts.allSatisfy({ $0.unicodeScalars.allSatisfy { $0.value >= 32 } }) else {
      throw .bad("name or address", expected: "one line")
    }
    guard !vatID.isEmpty else { return }
    let rest = vatID.utf8.dropFirst(2)
    let isRest = rest.allSatisfy { 48...57 ~= $0 || 65...90 ~= $0 }
    guard vatID.hasPrefix(VATRates.prefix(country)), 2...12 ~= rest.count, isRest else {
      throw .badVATID(vatID, country: country)
    }
  }
}

/// An operator's word that a buyer has the country and the VAT id that it says.
public struct BuyerConfirmation: Sendable, Hashable {
  /// The day of the check.
  public var checked: UTCDay
  /// What proves it, such as the consultation number of VIES.
  public var evidence: String
  /// The operator, as a user's id.
  public var confirmedBy: String

  public init(checked: UTCDay, evidence: String, confirmedBy: String) {
    self.checked = checked
    self.evidence = evidence
    self.confirmedBy = confirmedBy
  }

  /// - Throws: `BillingFault.bad` for evidence that says nothing, or more than a line.
  public func check() throws(BillingFault) {
    let isText = evidence.unicodeScalars.allSatisfy { $0.value >= 32 }
    guard !evidence.isEmpty, evidence.utf8.count <= BillingLimits.maximumTextBytes, isText else {
      throw .bad(
        "evidence", expected: "one line, at most \(BillingLimits.maximumTextBytes) bytes")
    }
  }
}

/// Who issues the invoices, and how they are paid.
public struct Seller: Sendable, Hashable {
  public var party: Party
  public var iban: String
  /// What invoice numbers begin with.
  public var prefix: String
  /// Days until an invoice is due.
  public var paymentDays: Int64

  public init(party: Party, iban: String = "", prefix: String = "", paymentDays: Int64 = 30) {
    self.party = party
    self.iban = iban
    self.prefix = prefix
    self.paymentDays = paymentDays
  }

  public func check(_ rates: VATRates = .union) throws(BillingFault) {
    try party.check()
    guard rates.isMember(party.country) else { throw .unknownCountry(party.country) }
    // BR-S-02 and BR-CO-26 of EN 16931: taxed sales name the one, sales out of scope the other.
    guard !party.vatID.isEmpty else { throw .missing("the seller's VAT id") }
    guard !party.registration.isEmpty else {
      throw .missing("the seller's number in the register of companies")
    }
    guard prefix.utf8.count <= 10, prefix.utf8.allSatisfy({ 48...57 ~= $0 || 65...90 ~= $0 })
    else { throw .bad("prefix", expected: "at most 10 capital letters or digits") }
    guard 0...365 ~= paymentDays else { throw .bad("days of payment", expected: "0 to 365") }
  }

  /// Whether the account can be one, for a seller that is set now: one that was set before there
  /// was this check still issues.
  public func checkAccount() throws(BillingFault) {
    guard iban.isEmpty || IBAN.isValid(iban) else {
      throw .bad("IBAN", expected: "without spaces, with check digits that fit")
    }
  }
}
