namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>Marathon's default values.</summary>
internal static class AppDefaults
{
    public const int Instances = 1;
    public const double Cpus = 1;
    public const double Mem = 128;
    public const double Disk = 0;
    public const double BackoffSeconds = 1;
    public const double BackoffFactor = 1.15;
    public const double MaxLaunchDelaySeconds = 300;
    public const string Role = "*";
    public const string KillSelection = "YOUNGEST_FIRST";
    public const string PortName = "default";
    public const string ReadinessCheckName = "readinessCheck";
    public const string ReadinessPortName = "http-api";
}

/// <summary>The modes of <c>networks</c>.</summary>
internal static class NetworkNotation
{
    public const string Host = "host";
    public const string Bridge = "container/bridge";
    public const string Container = "container";
}
