using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Resources;

/// <summary>What a machine has: stated, else detected by Mesos' rules.</summary>
public static class MachineResources
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>The default ports: the BrownField apps' and Mesos' own.</summary>
    public static IReadOnlyList<ValueRange> DefaultPorts { get; } = [new(8000, 9000), new(31000, 32000)];

    /// <summary>Completes what is stated by what the machine has.</summary>
    /// <param name="stated">Stated resources; any statement of a name, for whatever role, replaces its detection.</param>
    /// <param name="cpus">The machine's cpus.</param>
    /// <param name="memory">Its memory in bytes.</param>
    /// <param name="disk">The size of the work directory's file system in bytes.</param>
    public static IReadOnlyList<Resource> Complete(IReadOnlyList<Resource> stated, int cpus, long memory, long disk)
    {
        var all = new List<Resource>(stated);
        if (Lacks("cpus")) all.Add(Resource.OfScalar("cpus", cpus));
        if (Lacks("mem")) all.Add(Resource.OfScalar("mem", LeaveRoom(memory / Megabyte, 1024)));
        if (Lacks("disk")) all.Add(Resource.OfScalar("disk", LeaveRoom(disk / Megabyte, 5 * 1024)));
        if (Lacks("ports")) all.Add(Resource.OfRanges("ports", DefaultPorts));
        return all;

        bool Lacks(string name) => stated.All(resource => resource.Name != name);
    }

    /// <summary>This machine's resources.</summary>
    /// <exception cref="FormatException">The stated ones are not Mesos' syntax.</exception>
    public static IReadOnlyList<Resource> Detect(string? stated, string workDirectory) => Complete(
        stated is null ? [] : ResourceText.Parse(stated),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        DiskSize(workDirectory));

    /// <summary>Adds up scalars and counts ports, by name.</summary>
    public static IReadOnlyDictionary<string, double> Totals(IEnumerable<Resource> resources)
    {
        var totals = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var resource in resources)
        {
            var amount = resource.Type switch
            {
                ResourceType.Scalar => resource.Scalar?.Value ?? 0,
                ResourceType.Ranges => resource.Ranges?.Range.Sum(range => (double)(range.End - range.Begin + 1)) ?? 0,
                _ => resource.Set?.Item.Count ?? 0,
            };
            totals[resource.Name] = Math.Round((totals.GetValueOrDefault(resource.Name) + amount) * 1000) / 1000;
        }

        return totals;
    }

    /// <summary>The sum of one scalar.</summary>
    public static double Scalar(IEnumerable<Resource> resources, string name) =>
        resources.Where(resource => resource.Name == name).Sum(resource => resource.Scalar?.Value ?? 0);

    // Mesos' rule: the machine keeps some for itself, or half where there is little.
    private static double LeaveRoom(long have, long room) => have >= 2 * room ? have - room : have / 2;

    private static long DiskSize(string directory)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(directory)).TotalSize;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
