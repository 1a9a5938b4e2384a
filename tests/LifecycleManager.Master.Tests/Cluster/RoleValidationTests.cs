using System.Globalization;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>What all quotas are together.</summary>
public sealed class RoleValidationTests
{
    [Theory]
    [InlineData("a=1 a/b=0.7 a/c=0.3", null)]
    [InlineData("a=0.3 a/b=0.1 a/c=0.1 a/d=0.1", null)]
    [InlineData("a=1 ab/c=0 b=5", null)]
    [InlineData("a=1 a/b=1.001", "role 'a' guarantees 1 cpus, less than the 1.001 of its children together")]
    [InlineData("a/b=1", "role 'a' guarantees 0 cpus, less than the 1 of its children together")]
    [InlineData("a=9 a/b=1 a/b/c=2", "role 'a/b' guarantees 1 cpus, less than the 2 of its children together")]
    [InlineData("ab=9 a/b=1", "role 'a' guarantees 0 cpus, less than the 1 of its children together")]
    public void A_parent_guarantees_what_its_children_do(string quotas, string? problem) =>
        Assert.Equal(problem, RoleValidation.HierarchyProblem([.. quotas.Split(' ').Select(quota => quota.Split('=')).Select(
            quota => new QuotaConfig(quota[0], new Dictionary<string, Scalar>
            {
                ["cpus"] = new(double.Parse(quota[1], CultureInfo.InvariantCulture)),
            }))]));
}
