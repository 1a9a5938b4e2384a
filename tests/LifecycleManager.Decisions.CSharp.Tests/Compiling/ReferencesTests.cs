using LifecycleManager.Decisions.CSharp.Compiling;
using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Tests.Compiling;

/// <summary>What rules are compiled against is found in a single file, too, where no assembly has a place on disk.</summary>
public sealed class ReferencesTests
{
    [Fact]
    public void References_are_read_from_memory() => Assert.All(References.All, reference =>
        Assert.Null(Assert.IsType<PortableExecutableReference>(reference, exactMatch: false).FilePath));
}
