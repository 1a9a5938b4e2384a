using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>The shape of a resource's or attribute's value.</summary>
[JsonConverter(typeof(UpperSnake<ResourceType>))]
public enum ResourceType
{
    /// <summary>A number: <c>cpus</c>, <c>mem</c>.</summary>
    Scalar,

    /// <summary>Inclusive ranges of whole numbers: <c>ports</c>.</summary>
    Ranges,

    /// <summary>A set of names.</summary>
    Set,

    /// <summary>Text; attributes only.</summary>
    Text,
}

/// <summary>A number, exact to a thousandth as Mesos has it.</summary>
public sealed record Scalar(double Value);

/// <summary>An inclusive range.</summary>
public readonly record struct ValueRange(ulong Begin, ulong End);

/// <summary>Inclusive ranges.</summary>
public sealed record Ranges(IReadOnlyList<ValueRange> Range);

/// <summary>A set of names.</summary>
public sealed record ValueSet(IReadOnlyList<string> Item);

/// <summary>A text.</summary>
public sealed record Text(string Value);

/// <summary>An amount of one resource.</summary>
public sealed record Resource
{
    /// <summary><c>cpus</c>, <c>mem</c> (MB), <c>disk</c> (MB), <c>gpus</c>, <c>ports</c> or a custom name.</summary>
    public required string Name { get; init; }

    /// <summary>Which of the three values is set.</summary>
    public required ResourceType Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Scalar.</summary>
    public Scalar? Scalar { get; init; }

    /// <summary>Set when <see cref="Type"/> is Ranges.</summary>
    public Ranges? Ranges { get; init; }

    /// <summary>Set when <see cref="Type"/> is Set.</summary>
    public ValueSet? Set { get; init; }

    /// <summary>The pre-reservation-refinement role; null or <c>*</c> means unreserved.</summary>
    public string? Role { get; init; }

    /// <summary>The role that the resource is offered or allocated to.</summary>
    public AllocationInfo? AllocationInfo { get; init; }

    /// <summary>Stacked reservations, outermost first; empty means unreserved.</summary>
    public IReadOnlyList<ReservationInfo>? Reservations { get; init; }

    /// <summary>A dynamic reservation for <see cref="Role"/>, for those who do not know stacked ones.</summary>
    public DynamicReservation? Reservation { get; init; }

    /// <summary>Present on resources that may be taken back at any time (oversubscription).</summary>
    public RevocableInfo? Revocable { get; init; }

    /// <summary>A scalar resource.</summary>
    public static Resource OfScalar(string name, double value) =>
        new() { Name = name, Type = ResourceType.Scalar, Scalar = new Scalar(value) };

    /// <summary>A ranges resource.</summary>
    public static Resource OfRanges(string name, params IReadOnlyList<ValueRange> ranges) =>
        new() { Name = name, Type = ResourceType.Ranges, Ranges = new Ranges(ranges) };
}

/// <summary>To which role a resource is allocated.</summary>
public sealed record AllocationInfo(string? Role);

/// <summary>Marks a resource that may be taken back.</summary>
public sealed record RevocableInfo;

/// <summary>Who reserved a resource by an operation, before reservations could be stacked.</summary>
public sealed record DynamicReservation(string? Principal = null, Labels? Labels = null);

/// <summary>One reservation.</summary>
public sealed record ReservationInfo
{
    /// <summary><c>STATIC</c> (by the agent's flags) or <c>DYNAMIC</c> (by an operation).</summary>
    public string? Type { get; init; }

    /// <summary>The role that it is for.</summary>
    public string? Role { get; init; }

    /// <summary>Who reserved it.</summary>
    public string? Principal { get; init; }

    /// <summary>Free labels.</summary>
    public Labels? Labels { get; init; }
}

/// <summary>What an agent says of its machine.</summary>
public sealed record AgentAttribute
{
    /// <summary>The name, for example <c>rack</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Which value is set.</summary>
    public required ResourceType Type { get; init; }

    /// <summary>Set when <see cref="Type"/> is Scalar.</summary>
    public Scalar? Scalar { get; init; }

    /// <summary>Set when <see cref="Type"/> is Ranges.</summary>
    public Ranges? Ranges { get; init; }

    /// <summary>Set when <see cref="Type"/> is Set.</summary>
    public ValueSet? Set { get; init; }

    /// <summary>Set when <see cref="Type"/> is Text.</summary>
    public Text? Text { get; init; }
}

/// <summary>One label; the value may be absent.</summary>
public sealed record Label(string Key, string? Value = null);

/// <summary>Labels in Mesos' shape, <c>{"labels": [{"key", "value"}]}</c>.</summary>
[method: JsonConstructor]
public sealed record Labels([property: JsonPropertyName("labels")] IReadOnlyList<Label> Items);
