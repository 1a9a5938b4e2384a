namespace LifecycleManager.Console.Clients;

/// <summary>What apps ask for beside what they use.</summary>
/// <param name="At">As of when.</param>
/// <param name="Apps">The apps, by id.</param>
/// <param name="Totals">Of all of them.</param>
/// <param name="Problem">Why there is less than there should be; null where all is well.</param>
public sealed record SizePage(DateTimeOffset At, IReadOnlyList<SizeRow> Apps, SizeSums Totals, string? Problem);

/// <summary>An app's size; amounts are of one instance, in cores and MB, and what is unused is of all.</summary>
/// <param name="App">Its id.</param>
/// <param name="Instances">Its instances.</param>
/// <param name="Cpus">What it asks for of cpus.</param>
/// <param name="Mem">And of memory.</param>
/// <param name="Waste">What is asked for and not used.</param>
/// <param name="Advice">What is to be said, in a sentence.</param>
/// <param name="Put">What follows the advice; null where nothing is to be changed.</param>
/// <param name="Days">The days that the samples are worth.</param>
public sealed record SizeRow(
    string App, int Instances, SizeOf Cpus, SizeOf Mem, SizePair Waste, string Advice, SizeChange? Put, double Days);

/// <summary>What is asked for of something, and what would do; null where that is unknown.</summary>
public sealed record SizeOf(double? Asked, double? Target);

/// <summary>The fields that are to be changed, each null where it stays.</summary>
public sealed record SizeChange(double? Cpus, double? Mem);

/// <summary>Cores and MB.</summary>
public sealed record SizePair(double Cpus, double Mem);

/// <summary>
/// Sums over apps: how many, of how many there is something to be said, what they ask for, what of it is unused.
/// </summary>
public sealed record SizeSums(int Apps, int Known, SizePair Asked, SizePair Waste);
