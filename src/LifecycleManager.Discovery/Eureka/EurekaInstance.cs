namespace LifecycleManager.Discovery.Eureka;

/// <summary>An instance as a Eureka server knows it.</summary>
/// <param name="App">Eureka's name of its app.</param>
/// <param name="InstanceId">Its id within the app, where it states one.</param>
/// <param name="Host">Its IP address, else its host name.</param>
/// <param name="Port">Its port without TLS; null where it has none.</param>
/// <param name="SecurePort">Its port with TLS; null where it has none.</param>
/// <param name="Status"><c>UP</c>, <c>DOWN</c>, <c>STARTING</c>, <c>OUT_OF_SERVICE</c>, <c>UNKNOWN</c>.</param>
/// <param name="UpSince">When it first was up; null where that is not known.</param>
/// <param name="Metadata">What else it tells of itself; only texts.</param>
public sealed record EurekaInstance(
    string App, string? InstanceId, string Host, int? Port, int? SecurePort, string? Status, DateTimeOffset? UpSince,
    IReadOnlyDictionary<string, string> Metadata);
