using Microsoft.AspNetCore.Http.Metadata;

namespace LifecycleManager.Scaling.Api;

/// <summary>The longest body that an endpoint reads, in bytes.</summary>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
