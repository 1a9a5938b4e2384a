namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>Is told of the images that containers are made of, so that what nobody uses any more can be removed.</summary>
internal interface IImageUse
{
    /// <summary>Notes a pull.</summary>
    void Pulled(string image);

    /// <summary>Notes that a task uses an image.</summary>
    void Used(string image);
}
